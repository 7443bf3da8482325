import type * as pulumi from "@pulumi/pulumi";
import { type ListedPciDevice, type PciDeviceFilter, pciDevices } from "../provider/index.js";
import { askAsOutput, askCluster, type AsInputs, type ClusterFunctionArgs } from "./cluster-function.js";

/** Arguments of {@link getPciDevices}: devices of which all that is given is so, of all that are listed. */
export interface GetPciDevicesArgs extends ClusterFunctionArgs, PciDeviceFilter {}

/** Arguments of {@link getPciDevicesOutput}. */
export type GetPciDevicesOutputArgs = AsInputs<GetPciDevicesArgs>;

/**
 * PCI devices that nodes' agents list, by node and address, and who has claimed them: all VFs, whatever is claimed, and as
 * many others as the agents are told to list. It is asked while the program runs, in a preview too.
 *
 * @throws {Error} where the cluster cannot be reached, or does not let these credentials list devices and claims.
 * @example
 * const vfs = await sriov.getPciDevices({ nodeName: "node1", virtualFunction: true });
 * const free = vfs.filter(({ claim }) => claim === undefined);
 */
export function getPciDevices(args: GetPciDevicesArgs = {}): Promise<readonly ListedPciDevice[]> {
  return askCluster(args, (cluster) => pciDevices(cluster, args));
}

/** {@link getPciDevices} of arguments that are only known as outputs of resources; asked once they are known. */
export function getPciDevicesOutput(args: GetPciDevicesOutputArgs = {}): pulumi.Output<readonly ListedPciDevice[]> {
  return askAsOutput<GetPciDevicesArgs, readonly ListedPciDevice[]>(args, getPciDevices);
}
