import type { SriovNetworkDevice } from "../../../api/sriov-network-device.js";
import { isProviderFieldManager } from "../../../api/names.js";
import { isClaimedOnly } from "../../../plan/impact/freed-claims.js";
import { planVfCount, usedVfs } from "../../../plan/vf-count.js";
import { isMintedFrom } from "../field-manager.js";
import type { InputFailure, Operation } from "../resource.js";
import type { PartialDeviceInputs } from "./device-inputs.js";
import { presentVfs } from "./device-outputs.js";
import { describeUsed } from "./disruption.js";
import { nicImpact, tellsUsers } from "./nic-impact.js";
import { countOwners } from "./field-ownership.js";

/** The NIC that a resource is about no more, since the program names another one: its VFs go once the other has its own. */

export function isReplaced(olds: PartialDeviceInputs, news: PartialDeviceInputs): boolean {
  return replacedBy(olds, news) !== undefined;
}

/** As of a delete of the old NIC's resource, which goes by what the state says. */
export async function foreseeReplaced(
  { cluster, log }: Operation,
  olds: PartialDeviceInputs,
  news: PartialDeviceInputs,
): Promise<readonly InputFailure[]> {
  const device = (await cluster.devices()).get(olds.deviceName ?? "");
  if (device === undefined || device.spec.address !== olds.address) return [];
  const owner = soleOwner(device);
  if (owner === undefined || !isProviderFieldManager(owner)) return [];
  const plan = planVfCount(presentVfs(device), 0);
  if (plan.destroyed.length === 0) return [];
  const terms = { onVfsInUse: olds.onVfsInUse, usersKnown: await tellsUsers(cluster, plan) };
  const { outcome, text } = nicImpact(device, plan, terms, WAYS_OUT_OF_REPLACEMENT);
  // A resource that was called otherwise twice, or that was imported, cannot be told from one of another stack.
  const isOurs = [olds.resourceUrn, news.resourceUrn].some((urn) => urn !== undefined && isMintedFrom(urn, owner));
  const used = usedVfs(plan);
  if (outcome === "refused" && used.every(({ usedBy }) => isClaimedOnly(usedBy))) {
    log.warn(
      `${device.metadata.name} goes out of the program's hands, and its VFs with it: ${describeUsed(used)}. up deletes claims ` +
        `first that go or change their device too; if any is left, it fails at its end, and the NIC keeps its VFs.`,
    );
    return [];
  }
  if (outcome === "refused" && isOurs) return [{ property: replacedBy(olds, news) ?? "", reason: text }];
  log.warn(text);
  return [];
}

const WAYS_OUT_OF_REPLACEMENT =
  `The NIC goes out of the program's hands: release the VFs, or run up with onVfsInUse: "proceed" and the NIC as it was ` +
  `first, since a delete goes by what the state says.`;

/** The input that makes it another NIC. */
function replacedBy(
  olds: PartialDeviceInputs,
  news: PartialDeviceInputs,
): "nodeName" | "address" | "interfaceName" | undefined {
  if (olds.deviceName === undefined || news.nodeName === undefined || news.address === undefined) return undefined;
  if (olds.nodeName !== news.nodeName) return "nodeName";
  if (olds.address === news.address) return undefined;
  return news.givenInterfaceName === undefined ? "address" : "interfaceName";
}

function soleOwner(device: SriovNetworkDevice): string | undefined {
  const [owner, ...others] = countOwners(device);
  return others.length === 0 ? owner?.manager : undefined;
}
