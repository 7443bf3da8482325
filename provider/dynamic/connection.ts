import type { dynamic } from "@pulumi/pulumi";
import { Cluster, type ClusterAccess } from "../core/cluster.js";

/** The clusters that this provider process talks to, one connection each, and the stack's configuration of them. */

const configured = Promise.withResolvers<dynamic.Config>();
const clusters = new Map<string, Cluster>();

/** To be called by the provider's `configure`; everything here waits for it, since Pulumi does not. */
export function configureConnections(config: dynamic.Config): void {
  configured.resolve(config);
}

/** The cluster that a resource means. */
export async function connect(given: ClusterAccess, fallback: ClusterAccess = {}): Promise<Cluster> {
  const config = await configured.promise;
  return clusterOf(chosenAccess((key) => config.get(key), given, fallback));
}

/**
 * How to reach the cluster that is meant. What a resource or a function is given itself goes first, then `sriov:`
 * configuration, then `kubernetes:` configuration, then `fallback`, then the environment. A context belongs to the
 * kubeconfig that it stands beside: a source that comes after the one which gave the kubeconfig is not asked for a context.
 */
export function chosenAccess(
  config: (key: string) => string | undefined,
  given: ClusterAccess,
  fallback: ClusterAccess = {},
): ClusterAccess {
  const configuration = (namespace: string): ClusterAccess => ({
    kubeconfig: config(`${namespace}:kubeconfig`),
    context: config(`${namespace}:context`),
  });
  const sources = [given, configuration("sriov"), configuration("kubernetes"), fallback];
  const origin = sources.findIndex(({ kubeconfig }) => kubeconfig !== undefined);
  const asked = origin < 0 ? sources : sources.slice(0, origin + 1);
  return {
    kubeconfig: sources[origin]?.kubeconfig,
    context: asked.find(({ context }) => context !== undefined)?.context,
  };
}

/**
 * For a resource that need not be in the program any more: as it is configured now, since what its state remembers may
 * be out of date; but as the state remembers where the configuration names another cluster, or one that cannot be used.
 */
export async function reconnect(
  state: ClusterAccess & { readonly clusterUid?: string },
  signal: AbortSignal,
): Promise<Cluster> {
  const { kubeconfig, context, clusterUid } = state;
  const remembered: ClusterAccess = { kubeconfig, context };
  // A lookup has no state yet: these are its arguments.
  if (clusterUid === undefined) return connect(remembered);
  try {
    const current = await connect({}, remembered);
    if ((await current.within(signal).uid()) === clusterUid) return current;
  } catch {
    // Whatever is wrong with the configured credentials, the ones that this resource was made with are still to be tried.
  }
  return connect(remembered);
}

function clusterOf(access: ClusterAccess): Cluster {
  const key = JSON.stringify([access.kubeconfig, access.context]);
  const known = clusters.get(key);
  if (known !== undefined) return known;
  const cluster = Cluster.open(access);
  clusters.set(key, cluster);
  return cluster;
}
