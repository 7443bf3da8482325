import type { Pod } from "../../../api/core.js";
import { KubeVirtAnnotation, KubeVirtLabel, type VirtualMachineInstance } from "../../../api/kubevirt.js";
import { pciDeviceName } from "../../../api/names.js";
import type { PciDevice } from "../../../api/pci-device.js";
import { type PciDeviceClaim, type PciDeviceClaimSpec, VFIO_DRIVER } from "../../../api/pci-device-claim.js";
import { isPciAddress, type PciAddress, type PhysicalFunction } from "../../kernel/kernel.js";
import { ELSEWHERE, interfaceUsers } from "./interface-users.js";
import { networkDevices } from "./network-status.js";
import type { Allocation } from "./pod-resources.js";

/** All that is known of who holds what on one node. Lists may have what is of other nodes. */
export interface Knowledge {
  readonly nodeName: string;
  readonly claims: readonly PciDeviceClaim[];
  readonly machines: readonly VirtualMachineInstance[];
  readonly pods: readonly Pod[];
  readonly allocations: readonly Allocation[];
  /** Of this node alone. */
  readonly pciDevices: readonly PciDevice[];
}

/** Who holds a PCI function: a claim, a virtual machine or a pod, in words. */
export interface Holder {
  readonly words: string;
  readonly kind: "claim" | "machine" | "pod";
  /** False: it has one of several functions, and which one is not known. */
  readonly sure: boolean;
}

/** Who holds which functions, by PCI address, or by PCIDevice where a claim says no more. Pure. */
export interface Holders {
  readonly byAddress: ReadonlyMap<string, readonly Holder[]>;
  readonly byName: ReadonlyMap<string, readonly Holder[]>;
}

export const noHolders: Holders = { byAddress: new Map(), byName: new Map() };

export function findHolders(known: Knowledge): Holders {
  const byAddress = new Lists();
  const byName = new Lists();
  for (const claim of known.claims) {
    const { nodeName, address } = specOf(claim);
    if (!nodeName || !address) byName.add(claim.metadata.name, claimHolder(claim));
    else if (nodeName === known.nodeName) byAddress.add(address.toLowerCase(), claimHolder(claim));
  }
  const allotted = allottedFunctions(known);
  for (const { address, holder } of allotted) byAddress.add(address, holder);
  for (const pod of known.pods) {
    if (!isOver(pod)) for (const address of devicesOf(pod)) byAddress.add(address, podHolder(pod));
  }
  for (const { address, holder } of machineFunctions(known, allotted)) byAddress.add(address, holder);
  return { byAddress: byAddress.inOrder(), byName: byName.inOrder() };
}

/** The NIC's VFs that are in use, by address, with who holds them. Pure. */
export function usersOf(nic: PhysicalFunction, nodeName: string, holders: Holders): ReadonlyMap<PciAddress, string> {
  const interfaces = interfaceUsers(nic);
  const users = new Map<PciAddress, string>();
  for (const { address } of nic.virtualFunctions) {
    const found = [
      ...(holders.byAddress.get(address) ?? []),
      ...(holders.byName.get(pciDeviceName(nodeName, address)) ?? []),
    ];
    const words = found.sort(byKindAndWords).map(inWords);
    const onInterface = interfaces.get(address);
    // The other network namespace is the pod's.
    const isPods = onInterface === ELSEWHERE && found.some(({ kind, sure }) => sure && kind !== "claim");
    if (onInterface !== undefined && !isPods) words.push(onInterface);
    if (words.length > 0) users.set(address, words.join(", "));
  }
  return users;
}

const ORDER = { claim: 0, machine: 1, pod: 2 } as const;

/** Always the same, whoever told first: another order would be written to the API server as a change. */
function byKindAndWords(a: Holder, b: Holder): number {
  return ORDER[a.kind] - ORDER[b.kind] || (a.words < b.words ? -1 : 1);
}

/** `virtual machine apps/vm1 may have it`. */
export function inWords({ words, sure }: Holder): string {
  return sure ? words : `${words} may have it`;
}

/** Each holder once; one that is sure stands in for one that is not. */
class Lists {
  private readonly lists = new Map<string, Holder[]>();

  add(key: string, holder: Holder): void {
    const list = this.lists.get(key) ?? [];
    const index = list.findIndex(({ words }) => words === holder.words);
    if (index === -1) list.push(holder);
    else if (holder.sure) list[index] = holder;
    this.lists.set(key, list);
  }

  inOrder(): ReadonlyMap<string, readonly Holder[]> {
    for (const list of this.lists.values()) list.sort(byKindAndWords);
    return this.lists;
  }
}

interface Held {
  readonly address: string;
  readonly resource: string;
  readonly holder: Holder;
}

/** What the kubelet has given to pods that have not ended. */
function allottedFunctions({ allocations, pods, pciDevices }: Knowledge): Held[] {
  const known = new Map(pods.map((pod) => [keyOf(pod.metadata.namespace, pod.metadata.name), pod]));
  return allocations.flatMap(({ namespace, pod: name, resource, ids }) => {
    const pod = known.get(keyOf(namespace, name));
    if (pod !== undefined && isOver(pod)) return [];
    const holder = podHolder(pod ?? { metadata: { name, namespace } });
    const addresses = ids.flatMap((id) => addressesOf(id, { resource, holder }, pciDevices));
    return addresses.map((address) => ({ address, resource, holder }));
  });
}

/**
 * A device plugin names a function by its address; or, as KubeVirt's own does, by its IOMMU group, under whichever name
 * an administrator has given the kind of device.
 */
function addressesOf(
  id: string,
  { resource, holder }: Omit<Held, "address">,
  pciDevices: readonly PciDevice[],
): string[] {
  if (isPciAddress(id.toLowerCase())) return [id.toLowerCase()];
  return pciDevices
    .map(({ status }) => status)
    .filter((status) => status?.iommuGroup === id)
    .filter(
      (status) =>
        status?.resourceName === resource || (holder.kind === "machine" && status?.kernelDriverInUse === VFIO_DRIVER),
    )
    .map((status) => status?.address ?? "");
}

/**
 * What virtual machines ask for by the name of a resource. Where the kubelet has not told which functions a machine got,
 * every function of that name may be one of them: to refuse a change wrongly is better than to destroy.
 */
function machineFunctions(known: Knowledge, allotted: readonly Held[]): Held[] {
  const { machines, pciDevices, nodeName } = known;
  const offered = offeredNames(known);
  return machines.flatMap((machine) => {
    if (isOver(machine) || (machine.status?.nodeName ?? nodeName) !== nodeName) return [];
    const words = machineWords(machine.metadata.namespace, machine.metadata.name);
    const asked = (machine.spec?.domain?.devices?.hostDevices ?? []).map(({ deviceName }) => deviceName);
    return [...new Set(asked)].flatMap((resource) => {
      const wanted = asked.filter((name) => name === resource).length;
      const told = allotted.filter((held) => held.resource === resource && held.holder.words === words);
      if (told.length >= wanted) return [];
      const candidates = pciDevices.filter(
        ({ metadata, status }) => (offered.get(metadata.name) ?? status?.resourceName) === resource,
      );
      const holder: Holder = { words, kind: "machine", sure: candidates.length <= wanted };
      return candidates.map(({ status }) => ({ address: status?.address ?? "", resource, holder }));
    });
  });
}

/** Names that claims give their devices, by PCIDevice: who asks for a device's usual one does not get those. */
function offeredNames({ claims }: Knowledge): ReadonlyMap<string, string | undefined> {
  return new Map(claims.map(({ metadata, status }) => [metadata.name, status?.resourceName]));
}

function claimHolder(claim: PciDeviceClaim): Holder {
  const { userName } = specOf(claim);
  return { words: `claim ${claim.metadata.name}${userName ? ` of ${userName}` : ""}`, kind: "claim", sure: true };
}

/** Claims are others' objects, of others' schema, which may require less. */
function specOf({ spec = {} }: { readonly spec?: Partial<PciDeviceClaimSpec> }): Partial<PciDeviceClaimSpec> {
  return spec;
}

/** A pod that a virtual machine runs in is told as the machine: that is what people know. */
function podHolder({ metadata: { name, namespace, labels, annotations } }: Pod): Holder {
  if (labels?.[KubeVirtLabel.component] === "virt-launcher") {
    const machine = annotations?.[KubeVirtAnnotation.domain] ?? labels[KubeVirtLabel.machineName];
    if (machine) return { words: machineWords(namespace, machine), kind: "machine", sure: true };
  }
  return { words: `pod ${keyOf(namespace, name)}`, kind: "pod", sure: true };
}

function machineWords(namespace: string | undefined, name: string): string {
  return `virtual machine ${keyOf(namespace, name)}`;
}

/** Pods and virtual machines have the same words for their end. */
function isOver({ status }: { readonly status?: { readonly phase?: string } }): boolean {
  return status?.phase === "Succeeded" || status?.phase === "Failed";
}

/** What cannot be read has been told where it was first seen, and counts as nothing. */
function devicesOf(pod: Pod): PciAddress[] {
  try {
    return networkDevices(pod);
  } catch {
    return [];
  }
}

function keyOf(namespace: string | undefined, name: string): string {
  return `${namespace ?? ""}/${name}`;
}
