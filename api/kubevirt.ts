import type { KubeObject, ResourceType } from "./object.js";

/** The parts of KubeVirt's objects that this project reads; a cluster may have none of it. */

/** A virtual machine that runs, or is about to. */
export interface VirtualMachineInstance extends KubeObject {
  readonly spec?: {
    readonly domain?: { readonly devices?: { readonly hostDevices?: readonly HostDevice[] } };
  };
  readonly status?: { readonly phase?: string; readonly nodeName?: string };
}

/** A device of the node that is handed through; which one of those that share the name, the kubelet chooses. */
export interface HostDevice {
  readonly name: string;
  /** Resource name under which a device plugin offers it: a PCIDevice's `status.resourceName`. */
  readonly deviceName: string;
}

export const VIRTUAL_MACHINE_INSTANCE: ResourceType<VirtualMachineInstance> = {
  apiVersion: "kubevirt.io/v1",
  kind: "VirtualMachineInstance",
  plural: "virtualmachineinstances",
  namespaced: true,
};

export const KubeVirtLabel = {
  /** On a virtual machine instance: the node it runs on. */
  nodeName: "kubevirt.io/nodeName",
  /** On a pod: what part of KubeVirt it is; `virt-launcher` is the pod that a virtual machine runs in. */
  component: "kubevirt.io",
  /** On a virt-launcher pod: the virtual machine's name, shortened where it is too long for a label. */
  machineName: "vm.kubevirt.io/name",
} as const;

export const KubeVirtAnnotation = {
  /** On a virt-launcher pod: the virtual machine's name. */
  domain: "kubevirt.io/domain",
} as const;

/** How KubeVirt is set up: mostly one object, in the namespace `kubevirt`. */
export interface KubeVirt extends KubeObject {
  readonly spec?: {
    readonly configuration?: {
      readonly permittedHostDevices?: {
        /** Which PCI devices machines may ask for. The API server takes the list as one value. */
        readonly pciHostDevices?: readonly PciHostDevice[];
      };
    };
  };
}

export interface PciHostDevice {
  /** `8086:10ED`, in capital letters. */
  readonly pciVendorSelector: string;
  readonly resourceName: string;
  /** Another than KubeVirt itself runs the device plugin. */
  readonly externalResourceProvider?: boolean;
}

export const KUBE_VIRT: ResourceType<KubeVirt> = {
  apiVersion: "kubevirt.io/v1",
  kind: "KubeVirt",
  plural: "kubevirts",
  namespaced: true,
};
