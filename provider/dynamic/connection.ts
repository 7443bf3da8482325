import type { dynamic } from "@pulumi/pulumi";
import { Cluster, type ClusterAccess } from "../core/cluster.js";

/** The clusters that this provider process talks to, one connection each, and the stack's configuration of them. */

const configured = Promise.withResolvers<dynamic.Config>();
const clusters = new Map<string, Cluster>();

/** To be called by the provider's `configure`; everything here waits for it, since Pulumi does not. */
export function configureConnections(config: dynamic.Config): void {
  configured.resolve(config);
}

/**
 * The cluster that a resource means. Its own arguments go first, then `sriov:` configuration, then `kubernetes:`
 * configuration, then the environment; `fallback` is what its state remembers, for a resource that is not in the program.
 */
export async function connect(given: ClusterAccess, fallback: ClusterAccess = {}): Promise<Cluster> {
  const config = await configured.promise;
  const setting = (name: "kubeconfig" | "context"): string | undefined =>
    config.get(`sriov:${name}`) ?? config.get(`kubernetes:${name}`);
  const access: ClusterAccess = {
    kubeconfig: given.kubeconfig ?? setting("kubeconfig") ?? fallback.kubeconfig,
    context: given.context ?? setting("context") ?? fallback.context,
  };
  const key = JSON.stringify([access.kubeconfig, access.context]);
  const known = clusters.get(key);
  if (known !== undefined) return known;
  const cluster = Cluster.open(access);
  clusters.set(key, cluster);
  return cluster;
}
