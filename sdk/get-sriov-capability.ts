import * as pulumi from "@pulumi/pulumi";
import { chosenAccess } from "../provider/dynamic/connection.js";
import { Cluster, sriovCapability, type SriovCapability } from "../provider/index.js";
import type { ClusterArgs } from "./cluster-resource.js";

/** Arguments of {@link getSriovCapability}, with the defaults of a resource's. */
export interface GetSriovCapabilityArgs {
  /** Path or text of a kubeconfig. */
  readonly kubeconfig?: string;
  /** Context of the kubeconfig. */
  readonly context?: string;
}

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
export async function getSriovCapability(args: GetSriovCapabilityArgs = {}): Promise<SriovCapability> {
  const cluster = Cluster.open(chosenAccess(configured, args));
  try {
    return await sriovCapability(cluster);
  } finally {
    // What stays open would keep the program from ending.
    await cluster.close();
  }
}

/** {@link getSriovCapability} of a cluster that is only known as output of a resource; asked once the arguments are known. */
export function getSriovCapabilityOutput(args: ClusterArgs = {}): pulumi.Output<SriovCapability> {
  const { kubeconfig, context } = args;
  const known = pulumi.all([kubeconfig, context]);
  const answer = known.apply(([kubeconfig, context]) =>
    getSriovCapability({ ...(kubeconfig !== undefined && { kubeconfig }), ...(context !== undefined && { context }) }),
  );
  // A kubeconfig is a secret, but what nodes there are is none.
  return pulumi.unsecret(answer);
}

/** `sriov:kubeconfig` and its like, of the stack's configuration. */
function configured(key: string): string | undefined {
  const [namespace = "", name = ""] = key.split(":");
  return new pulumi.Config(namespace).get(name);
}
