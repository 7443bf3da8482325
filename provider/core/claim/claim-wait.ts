import { claimReady, PCI_DEVICE_CLAIM, type PciDeviceClaim } from "../../../api/pci-device-claim.js";
import { type Verdict, waitFor } from "../../../kube/wait.js";
import type { Operation } from "../resource.js";
import { agentOf, type SilenceWatch, watchForSilence } from "../silence.js";
import { finalizersOf, inTime, waitOptions } from "../waiting.js";
import { enabledVerdict, isAnswered } from "./claim-verdict.js";

/**
 * Returns once the device is handed out. `applied` is the claim as the change left it.
 *
 * @throws {ClaimRefused} with the agent's words. @throws {ClaimVanished}
 */
export async function awaitEnabled(operation: Operation, applied: PciDeviceClaim): Promise<PciDeviceClaim> {
  const { name, generation = 0 } = applied.metadata;
  const dialect = await operation.cluster.deviceDialect();
  const claims = await operation.cluster.objects(PCI_DEVICE_CLAIM);
  claims.observe(applied);
  const silence = await watchAgent(operation, applied, () => !isAnswered(claims.get(name), generation));
  try {
    const claim = await waitFor(
      claims,
      () => enabledVerdict(claims.get(name), applied, dialect),
      waitOptions(operation),
    );
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
  // To mark it as deleted is one more generation.
  const isSilent = (): boolean => left() !== undefined && !isAnswered(left(), generation + 1);
  const silence = await watchAgent(operation, before, isSilent);
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
async function watchAgent(
  operation: Operation,
  { spec }: PciDeviceClaim,
  isSilent: () => boolean,
): Promise<SilenceWatch | undefined> {
  if ((await operation.cluster.deviceDialect()) === "harvester") return undefined;
  return watchForSilence(operation, agentOf(spec.nodeName), isSilent);
}
