import type { NicSelector } from "../../api/sriov-network-node-policy.js";
import type { NicFacts, NodeFacts } from "./snapshot.js";
import { type PfName, type VfRange, parsePfName } from "./vf-range.js";

/** What a policy selects by, ready to be compared with many nodes and NICs. */
export interface NicCriteria {
  readonly nodeLabels: readonly (readonly [key: string, value: string])[];
  readonly vendor: string | undefined;
  readonly deviceId: string | undefined;
  readonly addresses: ReadonlySet<string> | undefined;
  readonly pfNames: readonly PfName[] | undefined;
  readonly netFilter: string | undefined;
}

/** Empty texts and lists ask for nothing, as in the operator. */
export function nicCriteria(nodeSelector: Readonly<Record<string, string>>, nicSelector: NicSelector): NicCriteria {
  const { vendor, deviceID, rootDevices = [], pfNames = [], netFilter } = nicSelector;
  return {
    nodeLabels: Object.entries(nodeSelector),
    vendor: lowerCase(vendor),
    deviceId: lowerCase(deviceID),
    addresses: rootDevices.length === 0 ? undefined : new Set(rootDevices),
    pfNames: pfNames.length === 0 ? undefined : pfNames.map(parsePfName).filter((name) => name !== undefined),
    netFilter: withoutSpaces(netFilter),
  };
}

/** Has the node all the labels? None asked for: every node has. */
export function selectsNode({ nodeLabels }: NicCriteria, node: NodeFacts): boolean {
  return nodeLabels.every(([key, value]) => node.labels[key] === value);
}

export function selectsNic(criteria: NicCriteria, nic: NicFacts): boolean {
  const { vendor, deviceId, addresses, pfNames, netFilter } = criteria;
  return (
    (vendor === undefined || vendor === lowerCase(nic.vendorId)) &&
    (deviceId === undefined || deviceId === lowerCase(nic.deviceId)) &&
    (addresses === undefined || addresses.has(nic.address)) &&
    (pfNames === undefined || pfNameOf(pfNames, nic) !== undefined) &&
    (netFilter === undefined || netFilter === withoutSpaces(nic.netFilter))
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

function lowerCase(text: string | undefined): string | undefined {
  return text === undefined || text === "" ? undefined : text.toLowerCase();
}

/** Of a netFilter, spaces around the colon and at the ends do not count. */
function withoutSpaces(text: string | undefined): string | undefined {
  return text === undefined || text === "" ? undefined : text.replace(/\s+/g, "");
}
