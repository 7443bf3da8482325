import { ApiError, ConfigError, ConnectionError } from "../../kube/errors.js";
import type { Checked, InputFailure, Operation, SharedInputs } from "./resource.js";

/** The part of a check that looks at the cluster, which must be the one that the state is of; `look` gets its uid as an input. */
export async function checkOnCluster<Inputs extends SharedInputs>(
  operation: Operation,
  olds: Partial<Inputs>,
  news: Partial<Inputs>,
  look: (inputs: Partial<Inputs>) => Promise<Checked<Inputs>>,
): Promise<Checked<Inputs>> {
  const stranger = await operation.cluster.strangerProblem(olds.clusterUid);
  if (stranger !== undefined) return { inputs: news, failures: [{ property: "", reason: stranger }] };
  const uid = await operation.cluster.uid();
  return look({ ...news, ...(uid !== undefined && { clusterUid: uid }) });
}

/** That the cluster cannot be looked at, as a failure of the check. @throws whatever is not the cluster's fault. */
export function clusterFailure(error: unknown): InputFailure {
  if (error instanceof ConfigError || error instanceof ConnectionError || error instanceof ApiError)
    return { property: "", reason: error.message };
  throw error;
}
