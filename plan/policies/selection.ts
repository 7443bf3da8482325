import type { NicSelector } from "../../api/sriov-network-node-policy.js";
import type { NicFacts, NodeFacts } from "./snapshot.js";
import { type PfName, type VfRange, parsePfName } from "./vf-range.js";

/** Has the node all the labels? No labels asked for: every node. */
export function selectsNode(nodeSelector: Readonly<Record<string, string>>, node: NodeFacts): boolean {
  return Object.entries(nodeSelector).every(([key, value]) => node.labels[key] === value);
}

/** What a NIC has to have for a policy, ready to be compared with many. */
export interface NicCriteria {
  readonly vendor: string | undefined;
  readonly deviceId: string | undefined;
  readonly addresses: ReadonlySet<string> | undefined;
  readonly pfNames: readonly PfName[] | undefined;
  readonly netFilter: string | undefined;
}

/** Empty texts and lists ask for nothing, as in the operator. Entries of `pfNames` that are malformed select nothing. */
export function nicCriteria(selector: NicSelector): NicCriteria {
  const { rootDevices = [], pfNames = [] } = selector;
  return {
    vendor: hexDigits(selector.vendor),
    deviceId: hexDigits(selector.deviceID),
    addresses: rootDevices.length === 0 ? undefined : new Set(rootDevices),
    pfNames: pfNames.length === 0 ? undefined : pfNames.map(parsePfName).filter((name) => name !== undefined),
    netFilter: selector.netFilter === "" ? undefined : selector.netFilter,
  };
}

export function selectsNic(criteria: NicCriteria, nic: NicFacts): boolean {
  const { vendor, deviceId, addresses, pfNames, netFilter } = criteria;
  return (
    (vendor === undefined || vendor === hexDigits(nic.vendorId)) &&
    (deviceId === undefined || deviceId === hexDigits(nic.deviceId)) &&
    (addresses === undefined || addresses.has(nic.address)) &&
    (pfNames === undefined || pfNameOf(pfNames, nic) !== undefined) &&
    (netFilter === undefined || sameNetwork(netFilter, nic.netFilter))
  );
}

/** The VFs of the NIC that its entry in `pfNames` names; undefined where it names none, and so means all. */
export function selectedRange(criteria: NicCriteria, nic: NicFacts): VfRange | undefined {
  return pfNameOf(criteria.pfNames ?? [], nic)?.range;
}

/** The first entry with the interface's own name, else the first with an alternative one. */
function pfNameOf(pfNames: readonly PfName[], nic: NicFacts): PfName | undefined {
  return (
    pfNames.find(({ name }) => name === nic.interfaceName) ??
    pfNames.find(({ name }) => nic.alternativeNames.includes(name))
  );
}

function hexDigits(text: string | undefined): string | undefined {
  return text === undefined || text === "" ? undefined : text.toLowerCase();
}

/** Spaces around the colon and at the ends do not count. */
function sameNetwork(wanted: string, present: string | undefined): boolean {
  return present !== undefined && withoutSpaces(wanted) === withoutSpaces(present);
}

function withoutSpaces(text: string): string {
  return text.replace(/\s+/g, "");
}
