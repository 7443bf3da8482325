import { claimReady, PCI_DEVICE_CLAIM, type PciDeviceClaim } from "../../../api/pci-device-claim.js";
import { isForbidden, isKindMissing } from "../../../kube/errors.js";
import type { Informer } from "../../../kube/informer.js";
import { type Verdict, waitFor, WaitTimeout } from "../../../kube/wait.js";
import type { Operation } from "../resource.js";
import { lookUpNode } from "../node-lookup.js";
import { agentOf, type Answerer, CONTROLLER, type SilenceWatch, watchForSilence } from "../silence.js";
import { finalizersOf, inTime, waitOptions } from "../waiting.js";
import { type AwaitedClaim, enabledVerdict, hasObserved, isAnswered } from "./claim-verdict.js";

/**
 * Returns once the device is handed out, under this name where it is known. `applied` is the claim as the change left it.
 *
 * @throws {ClaimRefused} with the agent's words. @throws {ClaimVanished}
 */
export async function awaitEnabled(
  operation: Operation,
  applied: PciDeviceClaim,
  resourceName: string | undefined,
): Promise<PciDeviceClaim> {
  const { name } = applied.metadata;
  const awaited: AwaitedClaim = { applied, resourceName, dialect: await operation.cluster.deviceDialect() };
  const claims = await operation.cluster.objects(PCI_DEVICE_CLAIM);
  claims.observe(applied);
  const silence = await watchAnswerer(operation, applied, () => !isAnswered(claims.get(name), awaited));
  try {
    const verdict = () => enabledVerdict(claims.get(name), awaited);
    await awaitGroup(operation, claims, awaited);
    const claim = await waitFor(claims, verdict, waitOptions(operation));
    operation.log.status("passthrough enabled");
    return claim;
  } catch (error) {
    throw inTime(
      operation,
      error,
      `${name}: not handed out in time`,
      "The claim stands; the next up goes on from here.",
      silence,
    );
  } finally {
    silence?.stop();
  }
}

/** Gives claims of the rest of the device's IOMMU group time to come: each of a group is refused until the others are there. */
async function awaitGroup(
  operation: Operation,
  claims: Pick<Informer<PciDeviceClaim>, "get" | "onChange">,
  awaited: AwaitedClaim,
): Promise<void> {
  const { name } = awaited.applied.metadata;
  const options = waitOptions(operation);
  const deadline = Math.min(options.deadline, Date.now() + GROUP_MS);
  const verdict = () => enabledVerdict(claims.get(name), { ...awaited, isGroupComing: true });
  try {
    await waitFor(claims, verdict, { ...options, deadline });
  } catch (error) {
    if (!(error instanceof WaitTimeout)) throw error;
  }
}

/** Resources of a program that wait for nothing are made at the same time. */
const GROUP_MS = 5_000;

/** Returns once the claim is gone, and with it whatever was done to the device. `before` is the claim as it was deleted. */
export async function awaitReleased(operation: Operation, before: PciDeviceClaim): Promise<void> {
  const { name, uid, generation = 0, deletionTimestamp } = before.metadata;
  const claims = await operation.cluster.objects(PCI_DEVICE_CLAIM);
  const left = (): PciDeviceClaim | undefined => {
    const live = claims.get(name);
    return live?.metadata.uid === uid ? live : undefined;
  };
  const isSilent = (): boolean => {
    const live = left();
    // To mark it as deleted is one more generation, if it was not deleted before.
    return live !== undefined && !hasObserved(live, deletionTimestamp === undefined ? generation + 1 : generation);
  };
  const silence = await watchAnswerer(operation, before, isSilent);
  const verdict = (): Verdict<void> => {
    const live = left();
    return live === undefined
      ? { state: "satisfied", result: undefined }
      : { state: "pending", what: releaseOf(live, isSilent()) };
  };
  try {
    await waitFor(claims, verdict, waitOptions(operation));
    await awaitUntold(operation, before);
    operation.log.status("given back");
  } catch (error) {
    throw inTime(operation, error, `${name}: not released in time`, "The next up or destroy waits again.", silence);
  } finally {
    silence?.stop();
  }
}

/**
 * Until the NIC does not tell its VF as claimed any more, by which the API server would refuse to let the VF go. An agent that
 * does not get to it is no reason to fail: the claim is gone.
 */
async function awaitUntold(operation: Operation, { metadata, spec }: PciDeviceClaim): Promise<void> {
  const deadline = Math.min(operation.deadline, Date.now() + UNTOLD_MS);
  const told = `claim ${metadata.name} `;
  try {
    const nics = await operation.cluster.devices();
    const isTold = (): boolean =>
      nics
        .list()
        .flatMap(({ status }) => status?.virtualFunctions ?? [])
        .some(({ address, usedBy = "" }) => address === spec.address && usedBy.includes(told));
    const pending = { state: "pending", what: "its NIC tells the VF as claimed still" } as const;
    const satisfied = { state: "satisfied", result: undefined } as const;
    await waitFor(nics, () => (isTold() ? pending : satisfied), { ...waitOptions(operation), deadline });
  } catch (error) {
    if (!(error instanceof WaitTimeout) && !isForbidden(error) && !isKindMissing(error)) throw error;
  }
}

/** The agent tells it by an event, at once. */
const UNTOLD_MS = 5_000;

function releaseOf(claim: PciDeviceClaim, isSilent: boolean): string {
  const ready = claimReady(claim);
  if (ready !== undefined && !isSilent) return `${ready.reason}: ${ready.message}`;
  return `the claim ${finalizersOf(claim)}`;
}

/** Harvester's controller acknowledges nothing, so that its silence says nothing. */
async function watchAnswerer(
  operation: Operation,
  { spec }: PciDeviceClaim,
  isSilent: () => boolean,
): Promise<SilenceWatch | undefined> {
  const { cluster } = operation;
  if ((await cluster.deviceDialect()) === "harvester") return undefined;
  const { state } = await lookUpNode(cluster, spec.nodeName);
  return watchForSilence(
    operation,
    state === "absent" ? controllerOf(spec.nodeName) : agentOf(spec.nodeName),
    isSilent,
  );
}

/** Who lets go of a claim that no agent will see any more. */
function controllerOf(nodeName: string): Answerer {
  return { ...CONTROLLER, who: `node ${nodeName} is gone, and the controller, which lets go of claims there,` };
}
