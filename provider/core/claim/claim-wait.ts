import { claimReady, PCI_DEVICE_CLAIM, type PciDeviceClaim } from "../../../api/pci-device-claim.js";
import { type Verdict, waitFor } from "../../../kube/wait.js";
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
    const claim = await waitFor(claims, () => enabledVerdict(claims.get(name), awaited), waitOptions(operation));
    operation.log.status("passthrough enabled");
    return claim;
  } catch (error) {
    throw inTime(error, `${name}: not handed out in time`, "The claim stands; the next up goes on from here.", silence);
  } finally {
    silence?.stop();
  }
}

/** Returns once the claim is gone, and with it whatever was done to the device. `before` is the claim as it was deleted. */
export async function awaitReleased(operation: Operation, before: PciDeviceClaim): Promise<void> {
  const { name, uid, generation = 0 } = before.metadata;
  const claims = await operation.cluster.objects(PCI_DEVICE_CLAIM);
  const left = (): PciDeviceClaim | undefined => {
    const live = claims.get(name);
    return live?.metadata.uid === uid ? live : undefined;
  };
  const isSilent = (): boolean => {
    const live = left();
    // To mark it as deleted is one more generation.
    return live !== undefined && !hasObserved(live, generation + 1);
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
  } catch (error) {
    throw inTime(error, `${name}: not released in time`, "The next up or destroy waits again.", silence);
  } finally {
    silence?.stop();
  }
}

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
