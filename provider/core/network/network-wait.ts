import {
  NETWORK_ATTACHMENT_DEFINITION,
  type NetworkAttachmentDefinition,
} from "../../../api/network-attachment-definition.js";
import type { KubeObject } from "../../../api/object.js";
import { SRIOV_NETWORK, type SriovNetwork } from "../../../api/sriov-network.js";
import { isForbidden, isKindMissing } from "../../../kube/errors.js";
import type { Informer } from "../../../kube/informer.js";
import { type Verdict, waitFor } from "../../../kube/wait.js";
import { missingKind } from "../missing-kind.js";
import type { Operation } from "../resource.js";
import { CONTROLLER, watchForSilence } from "../silence.js";
import { finalizersOf, inTime, waitOptions } from "../waiting.js";
import { type AttachmentPlace, placeOf } from "./network-outputs.js";
import {
  attachedVerdict,
  isAnswered,
  isAttachmentOf,
  networkVerdict,
  operatorVerdict,
  type Sight,
} from "./network-verdict.js";

/**
 * Returns once the network has its attachment. `applied` is the network as the change left it.
 *
 * @throws {Error} saying what is in the way, or what was still missing when time ran out.
 */
export async function awaitAttachment(operation: Operation, applied: SriovNetwork): Promise<SriovNetwork> {
  const isOperators = (await operation.cluster.dialect()) === "operator";
  const { name, namespace = "" } = applied.metadata;
  const networks = await operation.cluster.objects(SRIOV_NETWORK, namespace);
  networks.observe(applied);
  const current = (): SriovNetwork | undefined => networks.get(name, namespace);
  const silence = isOperators ? undefined : watchForSilence(operation, CONTROLLER, () => !isAnswered(current()));
  const options = waitOptions(operation);
  try {
    // Where Multus is not installed there are no attachments to watch, and only the controller says so.
    const answered = isOperators
      ? undefined
      : await waitFor(networks, () => networkVerdict(current(), applied), options);
    const place = placeOf(applied);
    const attachments = await attachmentsIn(operation, place).catch((error: unknown) => {
      if (isForbidden(error)) return undefined;
      if (!isKindMissing(error)) throw error;
      throw new Error(`${missingKind(NETWORK_ATTACHMENT_DEFINITION)} Install Multus.`, { cause: error });
    });
    // Who may not see attachments has the controller's word for them.
    if (attachments === undefined) return answered ?? applied;
    const sight = (): Sight => ({ network: current(), attachment: attachments.get(place.name, place.namespace) });
    const verdict = isOperators ? () => operatorVerdict(sight(), applied) : () => attachedVerdict(sight(), applied);
    const network = await waitFor(either(networks, attachments), verdict, options);
    operation.log.status("attached");
    return network;
  } catch (error) {
    const next = "The change stands; the next up goes on from here.";
    throw inTime(operation, error, `${namespace}/${name}: no attachment in time`, next, silence);
  } finally {
    silence?.stop();
  }
}

/**
 * Returns once neither the network nor an attachment of it is left at its place. `network` is the object as it was when it
 * was deleted; an attachment alone is waited for where it was gone already.
 */
export async function awaitRemoval(
  operation: Operation,
  network: Pick<SriovNetwork, "metadata">,
  place: AttachmentPlace,
): Promise<void> {
  const { name, namespace = "", uid } = network.metadata;
  try {
    const networks = await operation.cluster.objects(SRIOV_NETWORK, namespace);
    const left = (): SriovNetwork | undefined => {
      const live = networks.get(name, namespace);
      return live?.metadata.uid === uid ? live : undefined;
    };
    await untilGone(operation, networks, left, (live) => `SriovNetwork ${namespace}/${name} ${finalizersOf(live)}`);
    const attachments = await attachmentsIn(operation, place);
    const ours = (): NetworkAttachmentDefinition | undefined => {
      const live = attachments.get(place.name, place.namespace);
      return live !== undefined && isAttachmentOf(live, network) ? live : undefined;
    };
    const what =
      `NetworkAttachmentDefinition ${place.namespace}/${place.name} is still there. The controller, or in the network's own ` +
      `namespace the garbage collector, removes it; where there is none any more: ` +
      `kubectl delete -n ${place.namespace} network-attachment-definitions ${place.name}`;
    await untilGone(operation, attachments, ours, () => what);
    operation.log.status("attachment removed");
  } catch (error) {
    // Of a kind that is not there, or that these credentials may not see, nothing can be waited for.
    if (isKindMissing(error) || isForbidden(error)) return;
    throw inTime(operation, error, `${namespace}/${name}: not removed in time`, "The next up or destroy waits again.");
  }
}

function untilGone<T extends KubeObject>(
  operation: Operation,
  informer: Informer<T>,
  left: () => T | undefined,
  describe: (object: T) => string,
): Promise<void> {
  const verdict = (): Verdict<void> => {
    const object = left();
    return object === undefined
      ? { state: "satisfied", result: undefined }
      : { state: "pending", what: describe(object) };
  };
  return waitFor(informer, verdict, waitOptions(operation));
}

function attachmentsIn(
  { cluster }: Operation,
  { namespace }: AttachmentPlace,
): Promise<Informer<NetworkAttachmentDefinition>> {
  return cluster.objects(NETWORK_ATTACHMENT_DEFINITION, namespace);
}

/** Of two informers, each change of either. */
function either<A extends KubeObject, B extends KubeObject>(
  one: Informer<A>,
  other: Informer<B>,
): Pick<Informer<KubeObject>, "onChange"> {
  return {
    onChange(listener) {
      const ends = [one.onChange(listener), other.onChange(listener)];
      return () => ends.forEach((end) => end());
    },
  };
}
