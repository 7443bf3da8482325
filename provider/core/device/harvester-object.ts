import { DEVICES_API_VERSION, pciDeviceName } from "../../../api/names.js";
import type { Condition, FieldsV1, KubeObject, ManagedFieldsEntry, ResourceType } from "../../../api/object.js";
import type { PciDevice } from "../../../api/pci-device.js";
import type { PciDeviceClaim } from "../../../api/pci-device-claim.js";
import {
  READY,
  ReadyReason,
  SRIOV_NETWORK_DEVICE,
  type SriovNetworkDevice,
  type VirtualFunctionStatus,
} from "../../../api/sriov-network-device.js";

/**
 * A NIC as Harvester's controller has it, which tells less than this project's agents do: neither a maximum, nor who uses
 * a VF, nor which generation its status speaks of. Read from the CRD and the controller that Harvester has released.
 */
export interface HarvesterNetworkDevice extends KubeObject {
  readonly spec: { readonly address: string; readonly nodeName: string; readonly numVFs?: number };
  /** Absent until the NIC first had VFs. */
  readonly status?: {
    readonly status?: string | null;
    readonly vfAddresses?: readonly string[] | null;
    /** Of the VFs that the NIC has, or had last: not cleared with them. */
    readonly vfPCIDevices?: readonly string[] | null;
  };
}

export const HARVESTER_NETWORK_DEVICE: ResourceType<HarvesterNetworkDevice> = {
  apiVersion: DEVICES_API_VERSION,
  kind: "SRIOVNetworkDevice",
  plural: SRIOV_NETWORK_DEVICE.plural,
  namespaced: false,
};

/** Field manager of the 0 that a resource leaves behind: nobody's count. */
export const RELEASING_FIELD_MANAGER = "pulumi-sriov-released";

/** What other objects tell of VFs, by the name of a VF's PCIDevice. */
export interface VfFacts {
  pciDevice(name: string): PciDevice | undefined;
  claim(name: string): PciDeviceClaim | undefined;
}

/** Pure: the NIC as this project's own object would tell of it. `kind` stays Harvester's. */
export function asOwnObject(nic: HarvesterNetworkDevice, facts: VfFacts): SriovNetworkDevice {
  const { address, nodeName, numVFs = 0 } = nic.spec;
  const managedFields = countFields(nic);
  const virtualFunctions = presentVfs(nic, facts);
  const declared = managedFields.some(({ fieldsV1 }) => fieldsV1?.["f:spec"]?.["f:numVFS"] !== undefined);
  const isDone = virtualFunctions.length === numVFs;
  const { generation = 0 } = nic.metadata;
  return {
    apiVersion: HARVESTER_NETWORK_DEVICE.apiVersion,
    kind: HARVESTER_NETWORK_DEVICE.kind,
    metadata: { ...nic.metadata, managedFields },
    spec: { address, nodeName, numVFS: numVFs },
    status: {
      // As long as the controller has not said that they are gone.
      status: toldAddresses(nic).length > 0 ? "sriovNetworkDeviceEnabled" : "sriovNetworkDeviceDisabled",
      vfAddresses: virtualFunctions.map((vf) => vf.address),
      vfPCIDevices: virtualFunctions.map((vf) => vf.pciDevice),
      virtualFunctions,
      // A NIC that never had VFs has no status text.
      countManaged: declared || numVFs !== 0 || Boolean(nic.status?.status),
      observedGeneration: isDone ? generation : generation - 1,
      conditions: [readiness(nic, virtualFunctions, declared, facts)],
    },
  };
}

/**
 * Pure: PCI addresses of the VFs that the NIC's status names, in VF order. Its controller lists them in the order of the
 * words virtfn0, virtfn1, virtfn10, virtfn2; by PCI's rules each has a higher address than the one before.
 */
function toldAddresses({ status }: HarvesterNetworkDevice): readonly string[] {
  return (status?.vfAddresses ?? []).filter((address) => typeof address === "string" && address !== "").sort();
}

function presentVfs(nic: HarvesterNetworkDevice, facts: VfFacts): readonly VirtualFunctionStatus[] {
  const { nodeName, numVFs = 0 } = nic.spec;
  const vfs = toldAddresses(nic).map((address, index): VirtualFunctionStatus => {
    // By its own name: status.vfPCIDevices may be of earlier VFs, and the label with the NIC's name is only set where the
    // PCIDevice was made after the NIC's status was written.
    const pciDevice = pciDeviceName(nodeName, address);
    const { kernelDriverInUse, iommuGroup } = facts.pciDevice(pciDevice)?.status ?? {};
    const claim = facts.claim(pciDevice);
    return {
      index,
      address,
      pciDevice,
      ...(kernelDriverInUse && { driver: kernelDriverInUse }),
      ...(iommuGroup && { iommuGroup }),
      ...(claim !== undefined && { usedBy: describeClaim(claim) }),
    };
  });
  // A node that was off when the count became 0 has no VFs when it is back, and the controller, which finds nothing to do
  // then, leaves the old addresses in the status until there are others. The PCIDevices are looked after nevertheless.
  const isGone = ({ pciDevice, usedBy }: VirtualFunctionStatus): boolean =>
    facts.pciDevice(pciDevice) === undefined && usedBy === undefined;
  const isLeftOver = vfs.length !== numVFs && vfs.every(isGone);
  return isLeftOver ? [] : vfs;
}

/** As this project's agents say it. */
function describeClaim({ metadata, spec }: PciDeviceClaim): string {
  // Its CRD has all fields nullable.
  const { userName } = spec as Partial<PciDeviceClaim["spec"]>;
  return `claim ${metadata.name}${userName ? ` of ${userName}` : ""}`;
}

function readiness(
  nic: HarvesterNetworkDevice,
  vfs: readonly VirtualFunctionStatus[],
  declared: boolean,
  facts: VfFacts,
): Condition {
  const { numVFs = 0 } = nic.spec;
  const condition = (reason: ReadyReason, message: string): Condition => ({
    type: READY,
    status: reason === ReadyReason.Configured || reason === ReadyReason.Unmanaged ? "True" : "False",
    reason,
    message,
    lastTransitionTime: nic.metadata.creationTimestamp ?? "",
  });
  if (vfs.length !== numVFs) return condition(ReadyReason.Configuring, `${vfs.length} of ${numVFs} VFs`);
  // Its status comes by a second write, and tells the driver.
  const listed = vfs.filter((vf) => facts.pciDevice(vf.pciDevice)?.status !== undefined).length;
  if (listed < numVFs) {
    const note = "Harvester looks for new ones every half minute or so";
    return condition(ReadyReason.NotListed, `${listed} of ${numVFs} VFs have their PCIDevice; ${note}`);
  }
  if (numVFs === 0 && !declared && !nic.status?.status)
    return condition(ReadyReason.Unmanaged, "nobody has declared a count");
  return condition(ReadyReason.Configured, `${numVFs} VFs`);
}

/** Who owns what, with the count under this project's name, and without those who own it only because the NIC has no VFs. */
function countFields({ metadata, spec }: HarvesterNetworkDevice): readonly ManagedFieldsEntry[] {
  return (metadata.managedFields ?? []).map((entry) => {
    const { "f:numVFs": count, ...rest } = entry.fieldsV1?.["f:spec"] ?? {};
    if (count === undefined) return entry;
    const isInitial = (spec.numVFs ?? 0) === 0 && (isMaker(entry) || entry.manager === RELEASING_FIELD_MANAGER);
    const fields: FieldsV1 = isInitial ? rest : { ...rest, "f:numVFS": count };
    return { ...entry, fieldsV1: { ...entry.fieldsV1, "f:spec": fields } };
  });
}

/** The controller makes the object of every NIC with a 0, and so owns it. */
function isMaker({ fieldsV1 }: ManagedFieldsEntry): boolean {
  return fieldsV1?.["f:spec"]?.["f:address"] !== undefined;
}
