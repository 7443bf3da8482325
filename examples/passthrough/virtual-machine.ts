import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type * as sriov from "pulumi-sriov";

interface MachineSettings {
  namespace: pulumi.Input<string>;
  /** What the machine gets as a PCI device of its own. */
  claim: sriov.PciDeviceClaim;
}

/** A KubeVirt machine that has the claimed VF. It runs on the VF's node, since only that one offers the resource. */
export function virtualMachine(name: string, { namespace, claim }: MachineSettings): k8s.apiextensions.CustomResource {
  return new k8s.apiextensions.CustomResource(name, {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachine",
    metadata: { namespace },
    spec: {
      runStrategy: "Always",
      template: {
        spec: {
          domain: {
            memory: { guest: "1Gi" },
            devices: {
              disks: [{ name: "root", disk: { bus: "virtio" } }],
              interfaces: [{ name: "default", masquerade: {} }],
              hostDevices: [{ name: "vf", deviceName: claim.resourceName }],
            },
          },
          networks: [{ name: "default", pod: {} }],
          volumes: [{ name: "root", containerDisk: { image: "quay.io/containerdisks/fedora:42" } }],
        },
      },
    },
  });
}
