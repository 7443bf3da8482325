import { isProviderFieldManager } from "../../api/names.js";
import type { KubeObject, ResourceType } from "../../api/object.js";
import { PCI_DEVICE_CLAIM } from "../../api/pci-device-claim.js";
import { SRIOV_NETWORK } from "../../api/sriov-network.js";
import { SRIOV_NETWORK_NODE_POLICY, type SriovNetworkNodePolicy } from "../../api/sriov-network-node-policy.js";
import { isForbidden, isKindMissing, isNotFound, messageOf } from "../../kube/errors.js";
import { isNicPolicy } from "../../provider/core/device/operator-nic-policy.js";
import { type ListedDevice, sriovNetworkDevices } from "../../provider/core/list-devices.js";
import { specOwners } from "../../provider/core/owned-object.js";
import type { Operation } from "../../provider/core/resource.js";
import type { KindName } from "./kinds.js";

/** What of a cluster is asked for. */
export interface Wish {
  /** NICs and claims of these nodes alone; empty: of all. */
  readonly nodes: readonly string[];
  /** What resources of Pulumi own, too. */
  readonly owned: boolean;
}

/** Something that somebody has declared in the cluster. */
export interface Found {
  readonly kind: KindName;
  /** The resource's id. */
  readonly id: string;
  readonly name: string;
  /** Absent of kinds that have none. */
  readonly namespace?: string | undefined;
  /** The field manager of the resource of Pulumi that owns it, if one does. */
  readonly fieldManager?: string | undefined;
  /** Of a claim: the device; of a NIC: the VFs. Names of PCIDevices. */
  readonly pciDevices: readonly string[];
}

export interface Survey {
  readonly found: readonly Found[];
  /** What is there and not found, and why, each in a line. */
  readonly leftOut: readonly string[];
}

/** What somebody has declared, in order of kinds and names. */
export async function survey(operation: Operation, wish: Wish): Promise<Survey> {
  const parts = [
    await devices(operation, wish),
    await objects(operation, wish, "policy", SRIOV_NETWORK_NODE_POLICY, { isSomebodys: isDeclared }),
    await objects(operation, wish, "network", SRIOV_NETWORK),
    await objects(operation, wish, "claim", PCI_DEVICE_CLAIM, { nodeOf: ({ spec }) => spec.nodeName }),
  ];
  return { found: parts.flatMap(({ found }) => found), leftOut: parts.flatMap(({ leftOut }) => leftOut) };
}

async function devices({ cluster }: Operation, wish: Wish): Promise<Survey> {
  const all = (await sriovNetworkDevices(cluster)).filter(({ nodeName }) => isWished(wish, nodeName));
  const declared = all.filter(({ declaredVfs = 0 }) => declaredVfs > 0);
  const own = declared.filter((device) => declaredBy(device, "else") || declaredBy(device, "resource"));
  const found = own.map((device): Found => {
    const [owner] = device.declaredBy.filter(({ kind }) => kind === "resource");
    const pciDevices = device.virtualFunctions.flatMap(({ pciDevice }) => pciDevice ?? []);
    return { kind: "device", id: device.name, name: device.name, fieldManager: owner?.name, pciDevices };
  });
  const undeclared = all.filter(({ declaredBy, numVfs }) => declaredBy.length === 0 && numVfs > 0);
  return withoutOwned(wish, found, [
    ...line(declared.length - own.length, "NIC", "has its VFs by policies alone", "have their VFs by policies alone"),
    ...line(undeclared.length, "NIC", "has VFs that nobody declared", "have VFs that nobody declared"),
  ]);
}

function declaredBy(device: ListedDevice, kind: ListedDevice["declaredBy"][number]["kind"]): boolean {
  return device.declaredBy.some((declarer) => declarer.kind === kind);
}

interface Traits<T> {
  /** The node that the object is of, where it is of one. */
  readonly nodeOf?: (object: T) => string | undefined;
  /** Whether it stands there for itself. */
  readonly isSomebodys?: (object: T) => boolean;
}

/** Neither what a NIC's resource makes where the operator is at work, nor what the operator makes for itself. */
function isDeclared(policy: SriovNetworkNodePolicy): boolean {
  const { nicSelector } = policy.spec as Partial<SriovNetworkNodePolicy["spec"]>;
  return Object.keys(nicSelector ?? {}).length > 0 && !isNicPolicy(policy);
}

async function objects<T extends KubeObject>(
  { cluster, signal }: Operation,
  wish: Wish,
  kind: KindName,
  type: ResourceType<T>,
  { nodeOf = () => undefined, isSomebodys = () => true }: Traits<T> = {},
): Promise<Survey> {
  try {
    const { items } = await cluster.client.list(type, { signal });
    const found = items
      .filter((object) => object.metadata.deletionTimestamp === undefined && isSomebodys(object))
      .filter((object) => isWished(wish, nodeOf(object)))
      .map((object): Found => {
        const { name, namespace } = object.metadata;
        const fieldManager = specOwners(object).find(isProviderFieldManager);
        const id = namespace === undefined ? name : `${namespace}/${name}`;
        return { kind, id, name, namespace, fieldManager, pciDevices: kind === "claim" ? [name] : [] };
      })
      .sort((a, b) => (a.id < b.id ? -1 : 1));
    return withoutOwned(wish, found, []);
  } catch (error) {
    if (isKindMissing(error) || isNotFound(error)) return { found: [], leftOut: [] };
    if (isForbidden(error)) return { found: [], leftOut: [`${type.plural} cannot be listed: ${messageOf(error)}`] };
    throw error;
  }
}

function isWished({ nodes }: Wish, nodeName: string | undefined): boolean {
  return nodes.length === 0 || nodeName === undefined || nodes.includes(nodeName);
}

/** What another stack has on record would have two resources that both think it theirs. */
function withoutOwned({ owned }: Wish, found: readonly Found[], leftOut: readonly string[]): Survey {
  if (owned) return { found, leftOut };
  const free = found.filter(({ fieldManager }) => fieldManager === undefined);
  const kept = found.filter(({ fieldManager }) => fieldManager !== undefined).map(({ id }) => id);
  if (kept.length === 0) return { found: free, leftOut };
  const whose = `${kept.length === 1 ? "belongs" : "belong"} to resources of Pulumi (--owned takes ${kept.length === 1 ? "it" : "them"} too)`;
  return { found: free, leftOut: [...leftOut, `${kept.join(", ")} ${whose}`] };
}

function line(count: number, what: string, one: string, many: string): readonly string[] {
  return count === 0 ? [] : [`${count} ${what}${count === 1 ? ` ${one}` : `s ${many}`}`];
}
