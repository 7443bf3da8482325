import { RECONCILER_NAMESPACE } from "../../../api/names.js";
import type { KubeObject, ObjectMeta } from "../../../api/object.js";
import { SRIOV_NETWORK, type SriovNetwork } from "../../../api/sriov-network.js";
import { SRIOV_NETWORK_NODE_POLICY, type SriovNetworkNodePolicy } from "../../../api/sriov-network-node-policy.js";
import type { KubeClient } from "../../../kube/client.js";
import { POLICY_SPEC } from "../../specs/policies.js";

type Fields = Readonly<Record<string, unknown>>;

let made = 0;

/** A policy for no node, with these fields of spec set, or, where undefined, left out. */
export async function makePolicy(
  client: KubeClient,
  fields: Fields = {},
  annotations: ObjectMeta["annotations"] = {},
): Promise<SriovNetworkNodePolicy> {
  const spec = { ...POLICY_SPEC, ...fields };
  const metadata = { name: `policy-${++made}`, namespace: RECONCILER_NAMESPACE, annotations };
  const object: KubeObject & { readonly spec: Fields } = { metadata, spec };
  return (await client.create<KubeObject>(SRIOV_NETWORK_NODE_POLICY, object, BY)) as SriovNetworkNodePolicy;
}

/** A network with just these fields; `spec` undefined: without any spec. */
export async function makeNetwork(
  client: KubeClient,
  spec: Fields | undefined,
  annotations: ObjectMeta["annotations"] = {},
): Promise<SriovNetwork> {
  const metadata = { name: `network-${++made}`, namespace: RECONCILER_NAMESPACE, annotations };
  const object: KubeObject & { readonly spec?: Fields } = { metadata, ...(spec && { spec }) };
  return (await client.create<KubeObject>(SRIOV_NETWORK, object, BY)) as SriovNetwork;
}

const BY = { fieldManager: "somebody" };
