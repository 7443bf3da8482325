import { Annotation } from "../../../api/names.js";
import { ClaimReason, type PciDeviceClaim } from "../../../api/pci-device-claim.js";
import { describeImpact } from "../../../plan/impact/impact.js";
import { claimRefusal } from "../../../plan/claims/claim-refusal.js";
import { claimResourceName } from "../../../plan/claims/resource-name.js";
import { lookUpNode } from "../node-lookup.js";
import { obstacleIn } from "../owned-object.js";
import type { InputFailure, Operation } from "../resource.js";
import { claimFacts } from "./claim-facts.js";
import { takingImpact } from "./claim-impact.js";
import type { PartialClaimInputs } from "./claim-inputs.js";
import { describeTaken, wantedClaim } from "./claim-object.js";
import type { ClaimedDevice } from "./claimed-device.js";

/** What a look at the cluster tells of a claim before it is made: why it cannot be, and what it will take. */

/** Another resource of the same program claims the device. */
export function twinFailure(
  { cluster }: Operation,
  { name }: ClaimedDevice,
  { resourceUrn = "" }: PartialClaimInputs,
): InputFailure | undefined {
  const twin = cluster.reserve(`claim ${name}`, resourceUrn);
  if (twin === undefined) return undefined;
  const resource = twin.split("::").at(-1) ?? twin;
  return {
    property: "address",
    reason: `${name} is claimed by the resource "${resource}" of this program too, and a device is for one claim`,
  };
}

/** Somebody else has claimed the device. */
export async function takenFailure(
  { cluster }: Operation,
  live: PciDeviceClaim,
  device: ClaimedDevice,
  inputs: PartialClaimInputs,
): Promise<InputFailure | undefined> {
  const { resourceUrn = "", forceConflicts = false } = inputs;
  const wanted = wantedClaim(device, { ...inputs, resourceUrn }, await cluster.deviceDialect());
  const obstacle = obstacleIn(live, wanted, resourceUrn, forceConflicts);
  return obstacle && { property: "address", reason: describeTaken(live, obstacle) };
}

/** The node is not there. One whose agent has not reported yet may be about to. */
export async function nodeFailure(
  { cluster, log }: Operation,
  { name, nodeName }: ClaimedDevice,
): Promise<InputFailure | undefined> {
  const node = await lookUpNode(cluster, nodeName);
  if (node.state === "reported" || node.state === "unseen") return undefined;
  // Harvester's controller labels no nodes.
  const isHarvesters = (await cluster.deviceDialect()) === "harvester";
  if (node.state === "unreported" && isHarvesters) return undefined;
  if (node.state === "absent" && (!node.mayCome || isHarvesters)) {
    return {
      property: "nodeName",
      reason: `${name}: ${isHarvesters ? `no node "${nodeName}" in the cluster` : node.failure.reason}`,
    };
  }
  log.warn(`${name}: ${node.why}. up waits for it.`);
  return undefined;
}

/** The device cannot be handed out; else says what it will be taken from. */
export async function deviceFailure(
  { cluster, log }: Operation,
  device: ClaimedDevice,
): Promise<InputFailure | undefined> {
  const { name, nodeName, address, pciDevice } = device;
  if (pciDevice?.status === undefined) {
    log.warn(
      `${name}: ${nodeName} has not listed a PCI device at ${address}. Where it is a VF, have up make it first (dependsOn); ` +
        `else up finds out whether there is one.`,
    );
    return undefined;
  }
  const facts = await claimFacts(cluster, pciDevice);
  const refusal = facts && claimRefusal(facts);
  // Others of its group may be claimed by the time that up looks, by the same program say.
  if (refusal?.reason === ClaimReason.GroupInUse) log.warn(`${name}: ${refusal.message} up is refused else.`);
  else if (refusal?.reason === ClaimReason.InUse) {
    const impact = takingImpact(device, facts?.users ?? []);
    return { property: "address", reason: describeImpact(impact, { advice: refusal.message }) };
  } else if (refusal !== undefined) return { property: "address", reason: `${name}: ${refusal.message}` };
  log.inform(describeImpact(takingImpact(device, [])));
  return undefined;
}

/** What the agent will write into the claim's status, as far as the device tells, so that a preview shows it. */
export function foreseenNames(
  device: ClaimedDevice,
  inputs: PartialClaimInputs,
  unknown: ReadonlySet<string>,
): PartialClaimInputs {
  const { status } = device.pciDevice ?? {};
  if (status === undefined) return {};
  const { kernelDriverInUse: kernelDriverToUnbind } = status;
  if (unknown.has("resourceName") || unknown.has("disableResourcePooling")) return { kernelDriverToUnbind };
  const { nodeName, address } = device;
  const { givenResourceName, disableResourcePooling = false } = inputs;
  const annotations = givenResourceName === undefined ? {} : { [Annotation.overrideResourceName]: givenResourceName };
  const claim = {
    metadata: { name: device.name, annotations },
    spec: { nodeName, address, userName: "", disableResourcePooling },
  };
  const foreseen = claimResourceName(claim, status);
  return { kernelDriverToUnbind, ...("resourceName" in foreseen && { resourceName: foreseen.resourceName }) };
}
