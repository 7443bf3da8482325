import * as pulumi from "@pulumi/pulumi";
import provider from "../provider/dynamic/sriov-network-device.js";
import { type ClusterArgs, ClusterResource } from "./cluster-resource.js";

/** Arguments of {@link SriovNetworkDevice}. */
export interface SriovNetworkDeviceArgs extends ClusterArgs {
  /** Node that the NIC is in. Another one is another NIC: the resource is replaced. */
  readonly nodeName: pulumi.Input<string>;
  /** Name of the NIC's network interface, such as `eno49`. Give this or `address`. */
  readonly interfaceName?: pulumi.Input<string>;
  /** PCI address of the NIC, such as `0000:04:00.0`. Give this or `interfaceName`. */
  readonly address?: pulumi.Input<string>;
  /**
   * How many virtual functions the NIC shall have: 0 up to the most it supports (`totalVfs`). Linux changes a count only
   * by way of 0, so every change of a count that is not 0 destroys all VFs of the NIC; a preview lists them.
   */
  readonly numVfs: pulumi.Input<number>;
  /**
   * What to do where VFs that are in use would be destroyed: `"refuse"` fails, names the VFs and their users, and changes
   * nothing; `"proceed"` goes on, and needs the verb `disrupt` on sriovnetworkdevices.devices.harvesterhci.io. Default
   * `"refuse"`. A destroy goes by what the last `up` has left in the state.
   */
  readonly onVfsInUse?: pulumi.Input<"refuse" | "proceed">;
  /** Take the count over from another field manager, such as somebody's `kubectl edit`. Default false: fail, and name it. */
  readonly forceConflicts?: pulumi.Input<boolean>;
}

/** One virtual function of a NIC, as its node has it. */
export interface VirtualFunction {
  /** Index of the VF on its NIC, from 0. */
  readonly index: number;
  /** PCI address; the VF's identity. */
  readonly address: string;
  /** Name of its network interface; empty where it has none. May change. */
  readonly interfaceName: string;
  /** Kernel driver that it is bound to; empty where there is none. */
  readonly driver: string;
  /** Name of its PCIDevice object. */
  readonly pciDevice: string;
}

/** What {@link SriovNetworkDevice.get} may need beside the device's name. */
export type SriovNetworkDeviceState = ClusterArgs;

/**
 * The virtual functions of one SR-IOV NIC of one node.
 *
 * The NIC must be, or become, known to the cluster: the reconciler's agent on the node makes an object of kind
 * `SriovNetworkDevice` for it. Creating this resource takes charge of that object's VF count; deleting it gives the count
 * back, which removes the VFs unless somebody else asks for them too.
 *
 * Creating and updating return when the node has the VFs; they wait 5 minutes, or as long as `customTimeouts` say.
 *
 * @example
 * const nic = new sriov.SriovNetworkDevice("storage", { nodeName: "node1", interfaceName: "eno49", numVfs: 4 });
 * export const vfs = nic.vfAddresses; // ["0000:04:10.0", …]
 */
export class SriovNetworkDevice extends ClusterResource {
  /** Name of the NIC's `SriovNetworkDevice` object; also this resource's id. */
  declare readonly deviceName: pulumi.Output<string>;
  /** Node that the NIC is in. */
  declare readonly nodeName: pulumi.Output<string>;
  /** Name of the NIC's network interface now, whatever the program calls it. */
  declare readonly interfaceName: pulumi.Output<string>;
  /** PCI address of the NIC. */
  declare readonly address: pulumi.Output<string>;
  /** PCI vendor, four hex digits. */
  declare readonly vendorId: pulumi.Output<string>;
  /** PCI device, four hex digits. */
  declare readonly deviceId: pulumi.Output<string>;
  /** Kernel driver of the NIC. */
  declare readonly driver: pulumi.Output<string>;
  /** How many VFs the NIC is asked to have. */
  declare readonly numVfs: pulumi.Output<number>;
  /** The most VFs that the NIC supports. */
  declare readonly totalVfs: pulumi.Output<number>;
  /** Reason of the object's `Ready` condition, such as `Configured`. */
  declare readonly status: pulumi.Output<string>;
  /** PCI addresses of the VFs, in VF order. */
  declare readonly vfAddresses: pulumi.Output<string[]>;
  /** Names of the VFs' `PCIDevice` objects, in VF order. */
  declare readonly vfPciDevices: pulumi.Output<string[]>;
  /** The VFs, in VF order. */
  declare readonly virtualFunctions: pulumi.Output<VirtualFunction[]>;

  constructor(name: string, args: SriovNetworkDeviceArgs, opts?: pulumi.CustomResourceOptions) {
    super(provider, "SriovNetworkDevice", name, args, inputsOf(args), OUTPUTS, opts);
  }

  /**
   * A NIC as it is, without taking charge of it.
   *
   * @param id name of its `SriovNetworkDevice` object, such as `node1-eno49`.
   */
  static get(
    name: string,
    id: pulumi.Input<pulumi.ID>,
    state: SriovNetworkDeviceState = {},
    opts?: pulumi.CustomResourceOptions,
  ): SriovNetworkDevice {
    // The class's own arguments are for NICs that a program declares; a lookup has none of them.
    const args = state as unknown as SriovNetworkDeviceArgs;
    return new SriovNetworkDevice(name, args, { ...opts, id });
  }
}

const OUTPUTS = [
  "deviceName",
  "vendorId",
  "deviceId",
  "driver",
  "totalVfs",
  "status",
  "vfAddresses",
  "vfPciDevices",
  "virtualFunctions",
];

function inputsOf(args: SriovNetworkDeviceArgs): pulumi.Inputs {
  return {
    nodeName: args.nodeName,
    interfaceName: args.interfaceName,
    address: args.address,
    numVfs: args.numVfs,
    onVfsInUse: args.onVfsInUse,
    forceConflicts: args.forceConflicts,
  };
}
