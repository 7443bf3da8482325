import * as pulumi from "@pulumi/pulumi";
import provider from "../provider/dynamic/pci-device-claim.js";
import { type ClusterArgs, ClusterResource } from "./cluster-resource.js";

/** Arguments of {@link PciDeviceClaim}: `pciDevice`, or `nodeName` and `address`. */
export interface PciDeviceClaimArgs extends ClusterArgs {
  /**
   * Name of the device's `PCIDevice` object, such as a `SriovNetworkDevice`'s `vfPciDevices[0]`. Another one replaces the
   * resource.
   */
  readonly pciDevice?: pulumi.Input<string>;
  /** Node that the device is in. */
  readonly nodeName?: pulumi.Input<string>;
  /** PCI address of the device, such as `0000:04:10.0`. */
  readonly address?: pulumi.Input<string>;
  /** Who claims the device, for people to read. Default `"pulumi"`. */
  readonly userName?: pulumi.Input<string>;
  /**
   * Offer the device under a name of its own, `intel.com/node1-000004100`, and not in the pool of all claimed devices of its
   * kind. Default false.
   */
  readonly disableResourcePooling?: pulumi.Input<boolean>;
  /** Name to offer the device under, such as `example.com/fast-nic`. Default: the one that its `PCIDevice` says. */
  readonly resourceName?: pulumi.Input<string>;
  /** Take a claim that is there already, or fields of it, over from another field manager. Default false: fail, and name it. */
  readonly forceConflicts?: pulumi.Input<boolean>;
}

/** What {@link PciDeviceClaim.get} may need beside the claim's name. */
export type PciDeviceClaimState = ClusterArgs;

/**
 * A PCI device of a node in the hands of `vfio-pci`, for a virtual machine to have: a virtual function, or any other device
 * that the node itself can do without.
 *
 * Creating this resource makes a `PCIDeviceClaim` and returns once the device is bound to `vfio-pci`; a claim that is refused
 * is deleted again. Deleting it gives the device back to the driver that it was taken from. Both wait 5 minutes, or as long as
 * `customTimeouts` say.
 *
 * @example
 * const nic = new sriov.SriovNetworkDevice("storage", { nodeName: "node1", interfaceName: "eno49", numVfs: 4 });
 * const claim = new sriov.PciDeviceClaim("vm-storage", { pciDevice: nic.vfPciDevices[0] });
 * export const deviceName = claim.resourceName; // what `hostDevices` of a virtual machine ask for
 */
export class PciDeviceClaim extends ClusterResource {
  /** Name of the `PCIDeviceClaim` object, which is its PCIDevice's; also this resource's id. */
  declare readonly claimName: pulumi.Output<string>;
  /** Name of the device's `PCIDevice` object. */
  declare readonly pciDevice: pulumi.Output<string>;
  /** Node that the device is in. */
  declare readonly nodeName: pulumi.Output<string>;
  /** PCI address of the device. */
  declare readonly address: pulumi.Output<string>;
  /** Who claims the device. */
  declare readonly userName: pulumi.Output<string>;
  /** Whether the device is bound to `vfio-pci`; stays true while a VF is away that comes back so. */
  declare readonly passthroughEnabled: pulumi.Output<boolean>;
  /** Name under which the device is offered to virtual machines and pods, such as `intel.com/82576_VIRTUAL_FUNCTION`. */
  declare readonly resourceName: pulumi.Output<string>;
  /** Kernel driver that the device was taken from, and is given back to; empty where it had none. */
  declare readonly kernelDriverToUnbind: pulumi.Output<string>;
  /** Reason of the claim's `Ready` condition: `Enabled`; after a refresh, what has become of it. */
  declare readonly status: pulumi.Output<string>;

  constructor(name: string, args: PciDeviceClaimArgs, opts?: pulumi.CustomResourceOptions) {
    super(provider, "PciDeviceClaim", name, args, inputsOf(args), OUTPUTS, opts);
  }

  /**
   * A claim as it is, without taking charge of it.
   *
   * @param id name of the `PCIDeviceClaim` object, such as `node1-000004100`.
   */
  static get(
    name: string,
    id: pulumi.Input<pulumi.ID>,
    state: PciDeviceClaimState = {},
    opts?: pulumi.CustomResourceOptions,
  ): PciDeviceClaim {
    return new PciDeviceClaim(name, state, { ...opts, id });
  }
}

const OUTPUTS = ["claimName", "passthroughEnabled", "kernelDriverToUnbind", "status"];

function inputsOf(args: PciDeviceClaimArgs): pulumi.Inputs {
  return {
    pciDevice: args.pciDevice,
    nodeName: args.nodeName,
    address: args.address,
    userName: args.userName,
    disableResourcePooling: args.disableResourcePooling,
    resourceName: args.resourceName,
    forceConflicts: args.forceConflicts,
  };
}
