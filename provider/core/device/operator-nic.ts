import { Annotation, deviceName, OPERATOR_FIELD_MANAGER } from "../../../api/names.js";
import type { Condition, ManagedFieldsEntry } from "../../../api/object.js";
import {
  READY,
  ReadyReason,
  type SriovNetworkDevice,
  type VfGroup,
  type VirtualFunctionStatus,
} from "../../../api/sriov-network-device.js";
import type {
  NodeStateInterface,
  NodeStateInterfaceStatus,
  SriovNetworkNodeState,
} from "../../../api/sriov-network-node-state.js";
import type { SriovNetworkNodePolicy } from "../../../api/sriov-network-node-policy.js";
import { specOwners } from "../owned-object.js";
import { nicOfPolicy, nicPolicyName } from "./operator-nic-policy.js";

/** Name of the resource's NIC: as this project's agent would call it. */
export function operatorNicName(nodeName: string, { name = "", pciAddress }: NodeStateInterfaceStatus): string {
  return deviceName(nodeName, name, pciAddress, () => false);
}

/** What policies together ask of a NIC, as the operator has told its node. */
export function askedOf({ spec }: SriovNetworkNodeState, address: string): NodeStateInterface | undefined {
  return spec?.interfaces?.find(({ pciAddress }) => pciAddress === address);
}

/**
 * One NIC of a node's state as this project's own object. The count that it is to have is its own policy's, or else what
 * others' policies come to; the status speaks of that count (`observedGeneration`) once the operator asks the node for it.
 *
 * @param policy the NIC's own policy, where there is one.
 * @param usedBy who has the VF of an address.
 */
export function normalisedNic(
  state: SriovNetworkNodeState,
  nic: NodeStateInterfaceStatus,
  policy: SriovNetworkNodePolicy | undefined,
  usedBy: (address: string) => string | undefined,
): SriovNetworkDevice {
  const nodeName = state.metadata.name;
  const address = nic.pciAddress;
  const declared = declaredCount(state, address, policy);
  const interfaceName = policy && nicOfPolicy(policy).interfaceName;
  const vfs = virtualFunctions(nic, usedBy);
  const ready = readiness(state, declared, vfs.length);
  return {
    metadata: {
      name: operatorNicName(nodeName, { ...nic, ...(interfaceName && { name: interfaceName }) }),
      uid: `${state.metadata.uid ?? ""}/${address}`,
      annotations: { [Annotation.interfaceName]: interfaceName ?? nic.name ?? "" },
      generation: GENERATION,
      managedFields: declared.managers.map(ownsCount),
    },
    spec: { address, nodeName, numVFS: declared.numVfs, vfGroups: declared.groups },
    status: {
      status: vfs.length > 0 ? "sriovNetworkDeviceEnabled" : "sriovNetworkDeviceDisabled",
      vfAddresses: vfs.map((vf) => vf.address),
      vfPCIDevices: [],
      ...(nic.totalvfs !== undefined && { totalVFs: nic.totalvfs }),
      interfaceName: nic.name ?? "",
      vendorId: nic.vendor ?? "",
      deviceId: nic.deviceID ?? "",
      driver: nic.driver ?? "",
      linkType: (nic.linkType ?? "").toLowerCase(),
      alternativeNames: nic.altNames ?? [],
      countManaged: !wasThereFirst(state, declared, vfs.length),
      virtualFunctions: vfs,
      observedGeneration: declared.isAsked ? GENERATION : GENERATION - 1,
      conditions: [ready],
    },
  };
}

/** A NIC that has a policy of its own, but is in no node's state: its hardware is gone, or its node. */
export function absentNic(policy: SriovNetworkNodePolicy): SriovNetworkDevice {
  const { hostname: nodeName, address, interfaceName = "" } = nicOfPolicy(policy);
  const message = `no node's SriovNetworkNodeState has a device ${address} on ${nodeName} any more`;
  return {
    metadata: {
      name: operatorNicName(nodeName, { name: interfaceName, pciAddress: address }),
      uid: policy.metadata.uid ?? "",
      annotations: { [Annotation.interfaceName]: interfaceName },
      generation: GENERATION,
      managedFields: specOwners(policy).map(ownsCount),
    },
    spec: { address, nodeName, numVFS: policy.spec.numVfs },
    status: {
      virtualFunctions: [],
      observedGeneration: GENERATION,
      conditions: [condition("False", ReadyReason.DeviceGone, message)],
    },
  };
}

/** The spec of a state has one for all its NICs. What counts is whether the status has caught up with it. */
const GENERATION = 2;

interface Declared {
  readonly numVfs: number;
  readonly managers: readonly string[];
  /** What others than the NIC's own policy have of it. */
  readonly groups: readonly VfGroup[];
  /** Has the operator told the node? */
  readonly isAsked: boolean;
}

function declaredCount(
  state: SriovNetworkNodeState,
  address: string,
  policy: SriovNetworkNodePolicy | undefined,
): Declared {
  const asked = askedOf(state, address);
  const own = nicPolicyName(state.metadata.name, address);
  const names = (asked?.vfGroups ?? []).map(({ policyName }) => policyName);
  const groups = (asked?.vfGroups ?? [])
    .filter(({ policyName }) => policyName !== own)
    .map(({ policyName = "", resourceName = "", vfRange = "" }) => ({ policyName, resourceName, vfRange }));
  const others = groups.length > 0 ? [OPERATOR_FIELD_MANAGER] : [];
  if (policy === undefined) {
    const numVfs = groups.length > 0 ? (asked?.numVfs ?? 0) : 0;
    return { numVfs, managers: others, groups, isAsked: !names.includes(own) };
  }
  const { numVfs } = policy.spec;
  const isAsked = names.includes(own) && asked?.numVfs === numVfs;
  return { numVfs, managers: [...specOwners(policy), ...others], groups, isAsked };
}

/** VFs that no policy asks for, of a node that the operator is through with: it leaves them alone. */
function wasThereFirst({ status }: SriovNetworkNodeState, { managers, isAsked }: Declared, present: number): boolean {
  return managers.length === 0 && present > 0 && isAsked && status?.syncStatus === "Succeeded";
}

/** Whether the NIC has what it is to have, as far as its node's state tells. */
function readiness({ metadata, status }: SriovNetworkNodeState, declared: Declared, present: number): Condition {
  const { numVfs, managers, isAsked } = declared;
  const { syncStatus = "nothing", lastSyncError = "" } = status ?? {};
  const progress = `syncStatus ${syncStatus}, ${present} of ${numVfs} VFs${drainWords(metadata.annotations)}`;
  if (!isAsked) return condition("False", ReadyReason.Configuring, "the operator has not asked it of the node yet");
  if (managers.length === 0)
    return condition("True", ReadyReason.Unmanaged, "no policy asks for VFs of it, so it keeps what it has");
  // What the node says of its success may still be of before.
  if (syncStatus === "Succeeded" && present === numVfs)
    return condition("True", ReadyReason.Configured, `the NIC has ${numVfs} VFs`);
  if (syncStatus === "Failed") return condition("False", ReadyReason.KernelRefused, `${progress}: ${lastSyncError}`);
  const error = lastSyncError === "" ? "" : `; its last error: ${lastSyncError}`;
  return condition("False", ReadyReason.Configuring, progress + error);
}

/** Where the operator is with emptying the node. */
function drainWords(annotations: Readonly<Record<string, string>> = {}): string {
  const current = annotations["sriovnetwork.openshift.io/current-state"];
  const wanted = annotations["sriovnetwork.openshift.io/desired-state"];
  if (current === "Draining") return "; the node is being drained";
  if (wanted === "Reboot_Required") return "; the node is to be drained and rebooted";
  return wanted === "Drain_Required" && current === "Idle" ? "; the node waits for its turn to be drained" : "";
}

function virtualFunctions(
  { Vfs = [] }: NodeStateInterfaceStatus,
  usedBy: (address: string) => string | undefined,
): VirtualFunctionStatus[] {
  return [...Vfs]
    .sort((a, b) => a.vfID - b.vfID)
    .map(({ vfID, pciAddress, name, driver }) => {
      const user = usedBy(pciAddress);
      return {
        index: vfID,
        address: pciAddress,
        pciDevice: "",
        ...(name && { interfaceName: name }),
        ...(driver && { driver }),
        ...(user && { usedBy: user }),
      };
    });
}

function condition(status: Condition["status"], reason: string, message: string): Condition {
  return { type: READY, status, reason, message, lastTransitionTime: "" };
}

function ownsCount(manager: string): ManagedFieldsEntry {
  return { manager, operation: "Apply", fieldsV1: { "f:spec": { "f:numVFS": {} } } };
}
