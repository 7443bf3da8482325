import { createHash } from "node:crypto";
import { isObjectName, RECONCILER_NAMESPACE } from "../../../api/names.js";
import { SRIOV_NETWORK_NODE_STATE } from "../../../api/sriov-network-node-state.js";
import type { Cluster } from "../cluster.js";
import type { PartialNetworkInputs } from "./network-inputs.js";

/** The name that a network is given, or has been given, where the program does not say. */
export function chosenName(olds: PartialNetworkInputs, news: PartialNetworkInputs): string {
  if (news.networkName !== undefined) return news.networkName;
  if (olds.networkName !== undefined && olds.givenNetworkName === undefined) return olds.networkName;
  const urn = news.resourceUrn ?? "";
  const hash = createHash("sha256").update(urn).digest("hex").slice(0, 7);
  const name = (urn.split("::").pop() ?? "")
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, "-")
    .replace(/^-+|-+$/g, "");
  const whole = `${name.slice(0, 55)}-${hash}`;
  return isObjectName(whole) ? whole : `network-${hash}`;
}

export async function defaultNamespace(cluster: Cluster): Promise<string> {
  if ((await cluster.dialect()) === "own") return RECONCILER_NAMESPACE;
  const [state] = (await cluster.objects(SRIOV_NETWORK_NODE_STATE)).list();
  return state?.metadata.namespace ?? RECONCILER_NAMESPACE;
}
