import { Annotation } from "../../../api/names.js";
import { SRIOV_NETWORK_NODE_POLICY, type SriovNetworkNodePolicy } from "../../../api/sriov-network-node-policy.js";
import type { SriovNetworkNodePolicySpec } from "../../../api/sriov-network-node-policy.js";
import { isForbidden, isKindMissing, messageOf, policyRefusal } from "../../../kube/errors.js";
import { deviceDialectOf } from "../device/dialect-of.js";
import { describeUsed, DisruptionRefused } from "../device/disruption.js";
import { KindMissing } from "../missing-kind.js";
import {
  findObject,
  makeObject,
  type ObjectOwner,
  removeObject,
  setObject,
  type WantedObject,
} from "../owned-object.js";
import type { Operation } from "../resource.js";
import { dialectOf } from "./dialect-of.js";
import { destroysSelected, effectsOf, type PolicyEffects, usedThatGo } from "./policy-effects.js";
import type { PolicyInputs } from "./policy-inputs.js";
import { specOf } from "./policy-spec.js";

/** What is to be written of a policy, and what that does to NICs. */
export interface PolicyChange {
  readonly wanted: WantedObject;
  /** Undefined where these credentials may not look. */
  readonly effects: PolicyEffects | undefined;
}

/** @throws {DisruptionRefused} where VFs in use would go and the program does not let them: nothing was changed. */
export async function planChange(operation: Operation, inputs: PolicyInputs): Promise<PolicyChange> {
  const wanted = wantedPolicy(inputs);
  const effects = await foreseenEffects(operation, wanted, inputs.namespace ?? "");
  const used = effects === undefined ? [] : usedThatGo(effects);
  const proceed = inputs.onVfsInUse === "proceed";
  if (used.length > 0 && !proceed) {
    throw new DisruptionRefused(
      `policy ${wanted.name} was not changed: ${describeUsed(used)}. Nothing was changed. ${(await deviceDialectOf(operation.cluster)).waysOut}`,
    );
  }
  // Who needs no permission needs no verb for it.
  const destroys = effects === undefined || destroysSelected(effects);
  const isOwn = (await operation.cluster.dialect()) === "own";
  return { wanted: proceed && destroys && isOwn ? permitted(wanted, inputs.numVfs) : wanted, effects };
}

/** What the inputs want of the object, without leave to destroy anything. */
export function wantedPolicy(inputs: PolicyInputs): WantedObject {
  const { policyName = "", namespace = "", maxUnavailable } = inputs;
  const spec = { ...specOf(inputs) };
  const annotations = { ...(maxUnavailable !== undefined && { [Annotation.maxUnavailable]: String(maxUnavailable) }) };
  return { name: policyName, namespace, spec, annotations };
}

/** With leave to destroy VFs in use where that brings the NICs to this count. */
export function permitted(wanted: WantedObject, numVfs: number): WantedObject {
  return { ...wanted, annotations: { ...wanted.annotations, [Annotation.allowDisruption]: String(numVfs) } };
}

/** Writes the policy: a new one, or over `live`. @throws {ObjectConflict} @throws {DisruptionRefused} Nothing was changed. */
export async function writePolicy(
  { cluster }: Operation,
  live: SriovNetworkNodePolicy | undefined,
  wanted: WantedObject,
  owner: ObjectOwner,
): Promise<SriovNetworkNodePolicy> {
  try {
    if (live === undefined) return await makeObject(cluster.client, SRIOV_NETWORK_NODE_POLICY, wanted, owner);
    return await setObject(cluster.client, SRIOV_NETWORK_NODE_POLICY, live, wanted, owner);
  } catch (error) {
    const refusal = policyRefusal(error);
    if (refusal === undefined) throw error;
    throw new DisruptionRefused(
      `policy ${wanted.name} was not changed: onVfsInUse is "proceed", but ${refusal.message}. Nothing was changed.`,
      { cause: error },
    );
  }
}

/** What there is to say after a refused change was undone, and the settings that count then; undefined: nothing is left. */
export interface Undone {
  readonly note: string;
  readonly settings: PolicyInputs | undefined;
}

/**
 * A refused change must not lie in wait until the VFs are free: the policy is put back to what it was. Never throws.
 *
 * @param before the settings that it had.
 */
export async function putBack(operation: Operation, before: PolicyInputs, owner: ObjectOwner): Promise<Undone> {
  const wanted = wantedPolicy(before);
  operation.log.status(`putting policy ${wanted.name} back to what it was`);
  try {
    const live = await findObject(operation.cluster.client, SRIOV_NETWORK_NODE_POLICY, wanted);
    const policy = await writePolicy(operation, live, wanted, owner);
    (await operation.cluster.objects(SRIOV_NETWORK_NODE_POLICY, wanted.namespace)).observe(policy);
    return { note: "\nThe policy was put back to what it was.", settings: before };
  } catch (error) {
    const note = `\nThe policy could not be put back to what it was (${messageOf(error)}): do so with kubectl.`;
    return { note, settings: before };
  }
}

/** The same for a policy that was not there before. */
export async function takeBack(operation: Operation, inputs: PolicyInputs, owner: ObjectOwner): Promise<Undone> {
  const wanted = wantedPolicy(inputs);
  const { client } = operation.cluster;
  operation.log.status(`deleting policy ${wanted.name} again`);
  try {
    await removeObject(
      client,
      SRIOV_NETWORK_NODE_POLICY,
      await findObject(client, SRIOV_NETWORK_NODE_POLICY, wanted),
      owner,
    );
    return { note: "\nThe policy was deleted again.", settings: undefined };
  } catch (error) {
    return { note: `\nThe policy could not be deleted again (${messageOf(error)}).`, settings: inputs };
  }
}

async function foreseenEffects(
  operation: Operation,
  wanted: WantedObject,
  namespace: string,
): Promise<PolicyEffects | undefined> {
  try {
    const scene = await (await dialectOf(operation.cluster)).scene(operation, namespace);
    return effectsOf(scene, wanted.name, wanted.spec as unknown as SriovNetworkNodePolicySpec);
  } catch (error) {
    if (isKindMissing(error)) throw new KindMissing(SRIOV_NETWORK_NODE_POLICY, error);
    if (isForbidden(error)) return undefined;
    throw error;
  }
}
