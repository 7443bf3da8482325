import { isDeepStrictEqual } from "node:util";
import { checkOnCluster, clusterFailure } from "../cluster-check.js";
import type { Checked, Difference, Operation, Resource, SharedInputs } from "../resource.js";
import { otherController } from "./other-controller.js";

/** Where the reconciler is to be installed, and nothing else: nothing of this resource is in the cluster. */
export type PreflightInputs = SharedInputs;

/**
 * The look at a cluster that goes before an installation of the reconciler: it must be the cluster that the state is of, and
 * nobody else may look after the same objects there. All of it is in the check, so that a preview says it too; where the
 * cluster is only known during up, create looks.
 */
export const preflight: Resource<PreflightInputs, PreflightInputs> = {
  reported: [],
  check: checkSite,
  diff: diffSite,
  async create(operation, inputs) {
    await refuseOther(operation);
    const uid = await operation.cluster.uid();
    return { id: uid ?? inputs.resourceUrn, outputs: { ...inputs, ...(uid !== undefined && { clusterUid: uid }) } };
  },
  async read({ cluster }, _id, olds) {
    await cluster.refuseStranger(olds.clusterUid);
    return olds as PreflightInputs;
  },
  async update(operation, _id, olds, inputs) {
    await operation.cluster.refuseStranger(olds.clusterUid);
    await refuseOther(operation);
    return inputs;
  },
  delete: () => Promise.resolve(),
  foreseeDelete: () => Promise.resolve([]),
};

async function checkSite(
  operation: () => Operation,
  olds: Partial<PreflightInputs>,
  news: Partial<PreflightInputs>,
  unknown: ReadonlySet<string>,
): Promise<Checked<PreflightInputs>> {
  if (unknown.has("kubeconfig") || unknown.has("context")) {
    const { clusterUid } = olds;
    return { inputs: { ...news, ...(clusterUid !== undefined && { clusterUid }) }, failures: [] };
  }
  try {
    const looking = operation();
    return await checkOnCluster<PreflightInputs>(looking, olds, news, async (inputs) => {
      const refusal = await refusalOf(looking);
      return { inputs, failures: refusal === undefined ? [] : [{ property: "", reason: refusal }] };
    });
  } catch (error) {
    return { inputs: news, failures: [clusterFailure(error)] };
  }
}

function diffSite(
  olds: Partial<PreflightInputs>,
  news: Partial<PreflightInputs>,
  unknown: ReadonlySet<string>,
): Difference {
  // What is unknown is no change: that would be one in every preview, and up, which knows it, says whether it is.
  const access = (["kubeconfig", "context"] as const).filter((name) => !unknown.has(name));
  const timeouts = !isDeepStrictEqual(olds.timeouts ?? {}, news.timeouts ?? {});
  const changed = timeouts || access.some((name) => olds[name] !== news[name]);
  return { changed, unfinished: false, replaces: [] };
}

async function refuseOther(operation: Operation): Promise<void> {
  const refusal = await refusalOf(operation);
  if (refusal !== undefined) throw new Error(refusal);
}

async function refusalOf({ cluster }: Operation): Promise<string | undefined> {
  const other = await otherController(cluster);
  if (other === undefined) return undefined;
  return (
    `the reconciler is not installed on ${cluster.client.config.server}, where ${other.name} looks after the same objects: ` +
    `${other.evidence}. ${other.advice}`
  );
}
