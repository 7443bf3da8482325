import {
  type NicSelector,
  SRIOV_NETWORK_NODE_POLICY,
  type SriovNetworkNodePolicy,
} from "../../../api/sriov-network-node-policy.js";
import { isForbidden } from "../../../kube/errors.js";
import { parsePfName } from "../../../plan/policies/vf-range.js";
import { deviceDialectOf } from "../device/dialect-of.js";
import { describeUsed, DisruptionRefused } from "../device/disruption.js";
import { quoteAll } from "../field-manager.js";
import { KindMissing } from "../missing-kind.js";
import { findObject, isLastOwner, type ObjectOwner, removeObject } from "../owned-object.js";
import type { Operation } from "../resource.js";
import { dialectOf } from "./dialect-of.js";
import { permitted, writePolicy } from "./policy-change.js";
import type { PolicyPlace } from "./policy-dialect.js";
import { effectsOf, type PolicyEffects, usedThatGo } from "./policy-effects.js";
import type { PolicyOutputs } from "./policy-outputs.js";

/**
 * Deletes the policy, and returns once no NIC has VFs that were its own; or only lets go of it, where another resource of
 * Pulumi wants it too.
 *
 * @throws {DisruptionRefused} and nothing was changed.
 */
export async function removePolicy(operation: Operation, olds: Partial<PolicyOutputs>): Promise<void> {
  const { cluster, log } = operation;
  const place: PolicyPlace = { name: olds.policyName ?? "", namespace: olds.namespace ?? "" };
  const live = await findLive(operation, place);
  if (live === undefined) return;
  const owner = ownerOf(olds, operation);
  const effects = isLastOwner(live, owner.fieldManager) ? await effectsOfRemoval(operation, place) : NOTHING;
  const used = usedThatGo(effects);
  if (used.length > 0 && olds.onVfsInUse !== "proceed") {
    throw new DisruptionRefused(
      `policy ${place.name} was not deleted: ${describeUsed(used)}. Nothing was changed. ${(await deviceDialectOf(operation.cluster)).waysOut} A destroy goes by what ` +
        `the last up has left in the state.`,
    );
  }
  const dialect = await dialectOf(cluster);
  if (used.length > 0) await dialect.awaitReady(operation, await emptied(operation, live, owner));
  const current = used.length > 0 ? await findLive(operation, place) : live;
  const removal = await removeObject(cluster.client, SRIOV_NETWORK_NODE_POLICY, current, owner);
  if (removal.kind === "foreign") {
    const owners = removal.owners.length === 0 ? "somebody" : quoteAll(removal.owners);
    log.warn(
      `policy ${place.name} stays: it is owned by ${owners} alone by now. To remove it, delete it with kubectl.`,
    );
  }
  if (removal.kind !== "deleted") return;
  (await cluster.objects(SRIOV_NETWORK_NODE_POLICY, place.namespace)).forget(live);
  const nics = effects.lost.map(({ match }) => match.device);
  await dialect.awaitReleased(operation, place, nics);
}

/** The VFs go while the policy is still there to say that they may, though they are in use. */
function emptied(
  operation: Operation,
  live: SriovNetworkNodePolicy,
  owner: ObjectOwner,
): Promise<SriovNetworkNodePolicy> {
  const { name, namespace = "" } = live.metadata;
  operation.log.status(`removing the VFs of policy ${name}, those in use as well`);
  const spec = { ...live.spec, nicSelector: withoutRanges(live.spec.nicSelector), numVfs: 0 };
  return writePolicy(operation, live, permitted({ name, namespace, spec }, 0), { ...owner, force: true });
}

/** Of no VFs there is no range. */
function withoutRanges(selector: NicSelector): NicSelector {
  const { pfNames } = selector;
  if (pfNames === undefined) return selector;
  return { ...selector, pfNames: [...new Set(pfNames.map((entry) => parsePfName(entry)?.name ?? entry))] };
}

const NOTHING: PolicyEffects = { selected: [], lost: [] };

async function effectsOfRemoval(operation: Operation, { name, namespace }: PolicyPlace): Promise<PolicyEffects> {
  try {
    const scene = await (await dialectOf(operation.cluster)).scene(operation, namespace);
    return effectsOf(scene, name, undefined);
  } catch (error) {
    if (!isForbidden(error)) throw error;
    operation.log.warn(`which NICs lose VFs cannot be told, nor waited for: ${error.message}`);
    return NOTHING;
  }
}

/** Without its kind there is no policy either. */
async function findLive(
  { cluster, signal }: Operation,
  place: PolicyPlace,
): Promise<SriovNetworkNodePolicy | undefined> {
  try {
    return await findObject(cluster.client, SRIOV_NETWORK_NODE_POLICY, place, signal);
  } catch (error) {
    if (error instanceof KindMissing) return undefined;
    throw error;
  }
}

function ownerOf({ fieldManager = "", resourceUrn = "" }: Partial<PolicyOutputs>, { signal }: Operation): ObjectOwner {
  return { fieldManager, urn: resourceUrn, force: false, signal };
}
