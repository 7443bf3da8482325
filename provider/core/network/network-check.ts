import { SRIOV_NETWORK } from "../../../api/sriov-network.js";
import type { Cluster } from "../cluster.js";
import { checkOnCluster, clusterFailure } from "../cluster-check.js";
import { missingKind } from "../missing-kind.js";
import { defaultNamespace, withDefaults } from "../object-place.js";
import { defaultObjectName } from "../owned-object.js";
import type { Checked, Operation } from "../resource.js";
import { attachmentFailure, capableFailure, placeFailure } from "./network-foresight.js";
import { foreseePods } from "./network-impact.js";
import { networkInputFailures, type NetworkInputs, type PartialNetworkInputs } from "./network-inputs.js";
import { attachmentPlace } from "./network-outputs.js";

/** What is known of a network before anything is changed. */

type NetworkCheck = Checked<NetworkInputs>;

/**
 * Looks at the inputs, chooses name and namespace where the program has not, and looks at the cluster: refuses what cannot
 * be, and warns of what up would wait for.
 *
 * @param olds the inputs as the last check left them; empty for a new resource.
 */
export async function checkNetwork(
  operation: () => Operation,
  olds: PartialNetworkInputs,
  news: PartialNetworkInputs,
  unknown: ReadonlySet<string>,
): Promise<NetworkCheck> {
  const failures = networkInputFailures(news, unknown);
  if (failures.length > 0 || unknown.has("kubeconfig") || unknown.has("context")) return { inputs: news, failures };
  try {
    const looking = operation();
    return await checkOnCluster<NetworkInputs>(looking, olds, news, (inputs) =>
      lookAround(looking, olds, inputs, unknown),
    );
  } catch (error) {
    return { inputs: news, failures: [clusterFailure(error)] };
  }
}

async function lookAround(
  operation: Operation,
  olds: PartialNetworkInputs,
  news: PartialNetworkInputs,
  unknown: ReadonlySet<string>,
): Promise<NetworkCheck> {
  const { cluster } = operation;
  const inputs = await withPlace(cluster, olds, news, unknown);
  if (!(await cluster.networkKinds()).has(SRIOV_NETWORK.plural)) {
    operation.log.warn(`${missingKind(SRIOV_NETWORK)} up fails unless something that it installs first brings it.`);
  }
  const isNew = olds.networkName === undefined;
  await foreseePods(operation, olds, inputs, unknown);
  const failures = await Promise.all([
    isNew && !unknown.has("requireCapableNode") ? capableFailure(operation, inputs) : undefined,
    placeFailure(operation, inputs),
    attachmentFailure(operation, inputs),
  ]);
  return { inputs, failures: failures.filter((failure) => failure !== undefined) };
}

/** With all that can be known of where the network and its attachment will be, so that a preview shows it. */
async function withPlace(
  cluster: Cluster,
  olds: PartialNetworkInputs,
  news: PartialNetworkInputs,
  unknown: ReadonlySet<string>,
): Promise<PartialNetworkInputs> {
  const inputs = await withDefaults<NetworkInputs>(olds, news, unknown, {
    networkName: () => defaultObjectName(news.resourceUrn ?? ""),
    namespace: () => defaultNamespace(cluster),
  });
  const { networkName, namespace, policy } = inputs;
  const place =
    networkName === undefined || namespace === undefined || unknown.has("networkNamespace")
      ? undefined
      : attachmentPlace(networkName, namespace, inputs.networkNamespace);
  return {
    ...inputs,
    ...(policy !== undefined && { resourceName: policy.resourceName }),
    ...(place && {
      attachmentNamespace: place.namespace,
      networkAttachmentDefinition: `${place.namespace}/${place.name}`,
    }),
  };
}
