import { PCI_DEVICE_CLAIM, type PciDeviceClaim } from "../../../api/pci-device-claim.js";
import { isForbidden, isKindMissing } from "../../../kube/errors.js";
import { describeImpact } from "../../../plan/impact/impact.js";
import { isMintedFrom } from "../field-manager.js";
import { specOwners } from "../owned-object.js";
import type { InputFailure, Operation } from "../resource.js";
import { givingImpact } from "./claim-impact.js";
import type { PartialClaimInputs } from "./claim-inputs.js";

/** The device that a resource had until now, where the program names another one: its claim goes once the other is there. */
export async function replacedFailure(
  operation: Operation,
  olds: PartialClaimInputs,
  news: PartialClaimInputs,
): Promise<InputFailure | undefined> {
  const live = await claimOf(operation, olds.claimName ?? "");
  const urns = [olds.resourceUrn, news.resourceUrn].filter((urn) => urn !== undefined);
  // Another resource that wants the claim, too, keeps it.
  if (live === undefined || !urns.some((urn) => isSolelyOf(urn, live))) return undefined;
  const impact = givingImpact(live, await operation.cluster.deviceDialect());
  if (impact.outcome !== "refused") {
    operation.log.inform(describeImpact(impact));
    return undefined;
  }
  const advice = "Stop what has the device first: its claim goes when the resource has another one.";
  return { property: "address", reason: describeImpact(impact, { advice }) };
}

async function claimOf({ cluster }: Operation, name: string): Promise<PciDeviceClaim | undefined> {
  try {
    return (await cluster.objects(PCI_DEVICE_CLAIM)).get(name);
  } catch (error) {
    if (isForbidden(error) || isKindMissing(error)) return undefined;
    throw error;
  }
}

function isSolelyOf(urn: string, claim: PciDeviceClaim): boolean {
  const owners = specOwners(claim);
  return owners.length > 0 && owners.every((manager) => isMintedFrom(urn, manager));
}
