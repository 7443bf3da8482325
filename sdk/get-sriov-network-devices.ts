import type * as pulumi from "@pulumi/pulumi";
import { type DeviceFilter, type ListedDevice, sriovNetworkDevices } from "../provider/index.js";
import { askAsOutput, askCluster, type AsInputs, type ClusterFunctionArgs } from "./cluster-function.js";

/** Arguments of {@link getSriovNetworkDevices}: NICs of which all that is given is so, of all that the cluster knows. */
export interface GetSriovNetworkDevicesArgs extends ClusterFunctionArgs, DeviceFilter {}

/** Arguments of {@link getSriovNetworkDevicesOutput}. */
export type GetSriovNetworkDevicesOutputArgs = AsInputs<GetSriovNetworkDevicesArgs>;

/**
 * The cluster's SR-IOV capable NICs, by node and address: what they are, how many VFs they have and may have, who has declared
 * that number, and who uses each VF. They are those that this project's agents report, Harvester's controller, or the
 * sriov-network-operator: whichever looks after them in the cluster. It is asked while the program runs, in a preview too.
 *
 * @throws {Error} where the cluster cannot be reached, or does not let these credentials list NICs.
 * @example
 * const nics = await sriov.getSriovNetworkDevices({ nodeName: "node1" });
 * for (const { name, nodeName, address } of nics) {
 *   new sriov.SriovNetworkDevice(name, { nodeName, address, numVfs: 4 });
 * }
 */
export function getSriovNetworkDevices(args: GetSriovNetworkDevicesArgs = {}): Promise<readonly ListedDevice[]> {
  return askCluster(args, (cluster) => sriovNetworkDevices(cluster, args));
}

/** {@link getSriovNetworkDevices} of arguments that are only known as outputs of resources; asked once they are known. */
export function getSriovNetworkDevicesOutput(
  args: GetSriovNetworkDevicesOutputArgs = {},
): pulumi.Output<readonly ListedDevice[]> {
  return askAsOutput<GetSriovNetworkDevicesArgs, readonly ListedDevice[]>(args, getSriovNetworkDevices);
}
