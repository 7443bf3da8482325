import type * as pulumi from "@pulumi/pulumi";
import { sriovCapability, type SriovCapability } from "../provider/index.js";
import { askAsOutput, askCluster, type ClusterFunctionArgs } from "./cluster-function.js";
import type { ClusterArgs } from "./cluster-resource.js";

/** Arguments of {@link getSriovCapability}, with the defaults of a resource's. */
export type GetSriovCapabilityArgs = ClusterFunctionArgs;

/**
 * Which nodes of the cluster have SR-IOV capable NICs, and which: as the reconciler's agents report them, or the
 * sriov-network-operator where that is at work. It is asked while the program runs, in a preview too, so that a program can
 * go by the answer.
 *
 * @throws {Error} where the cluster cannot be reached, or does not let these credentials list devices.
 * @example
 * const { capable } = await sriov.getSriovCapability();
 * if (capable) new sriov.SriovNetwork("storage", { resourceName: "storage", vlan: 100 });
 */
export function getSriovCapability(args: GetSriovCapabilityArgs = {}): Promise<SriovCapability> {
  return askCluster(args, sriovCapability);
}

/** {@link getSriovCapability} of a cluster that is only known as output of a resource; asked once the arguments are known. */
export function getSriovCapabilityOutput(args: ClusterArgs = {}): pulumi.Output<SriovCapability> {
  return askAsOutput<GetSriovCapabilityArgs, SriovCapability>(args, getSriovCapability);
}
