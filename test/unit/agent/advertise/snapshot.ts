import type { PciDevice, PciDeviceStatus } from "../../../../api/pci-device.js";
import type { ClaimReason, PciDeviceClaim, PciDeviceClaimStatus } from "../../../../api/pci-device-claim.js";
import type {
  SriovNetworkDevice,
  SriovNetworkDeviceSpec,
  VfGroup,
  VirtualFunctionStatus,
} from "../../../../api/sriov-network-device.js";
import { pciDeviceName } from "../../../../api/names.js";
import { noPools, pools, type Pools, type PoolSnapshot } from "../../../../reconciler/agent/advertise/pools.js";

export const NODE = "node1";
export const PF = "0000:04:00.0";
export const vf = (index: number): string => `0000:04:10.${index * 2}`;

/** A NIC of node1 with four VFs, in one group of policy "fast", all of them well. */
export function nic(parts: NicParts = {}): SriovNetworkDevice {
  const {
    spec,
    group,
    generation = 1,
    observedGeneration = generation,
    reason = "Configured",
    name = "node1-nic",
  } = parts;
  const virtualFunctions = (parts.vfs ?? [0, 1, 2, 3]).map((index) => ({
    index,
    address: vf(index),
    pciDevice: pciDeviceName(NODE, vf(index)),
    driver: "igbvf",
    iommuGroup: String(40 + index),
    ...parts.vf?.(index),
  }));
  const vfGroups: VfGroup[] = [{ resourceName: "fast", policyName: "fast", vfRange: "0-3", ...group }];
  return {
    metadata: { name, generation },
    spec: { address: PF, nodeName: NODE, numVFS: 4, vfGroups, ...spec },
    status: {
      countManaged: true,
      observedGeneration,
      virtualFunctions,
      conditions: [{ type: "Ready", status: "True", reason, message: "", lastTransitionTime: "2020-01-01T00:00:00Z" }],
    },
  };
}

export interface NicParts {
  readonly spec?: Partial<SriovNetworkDeviceSpec>;
  readonly group?: Partial<VfGroup>;
  readonly name?: string;
  readonly generation?: number;
  readonly observedGeneration?: number;
  readonly reason?: string;
  /** Indexes of the VFs that there are. */
  readonly vfs?: readonly number[];
  /** What one VF's status has otherwise. */
  readonly vf?: (index: number) => Partial<VirtualFunctionStatus>;
}

/** A claim of VF 1 of that NIC, carried out. */
export function claim(parts: ClaimParts = {}): PciDeviceClaim {
  const { address = vf(1), nodeName = NODE, reason = "Enabled", status, deleted = false } = parts;
  const ready = reason === "Enabled" ? "True" : "False";
  return {
    metadata: { name: pciDeviceName(nodeName, address), ...(deleted && { deletionTimestamp: "2020-01-01T00:00:00Z" }) },
    spec: { address, nodeName, userName: "alice" },
    status: {
      passthroughEnabled: true,
      resourceName: "intel.com/VF",
      conditions: [{ type: "Ready", status: ready, reason, message: "", lastTransitionTime: "2020-01-01T00:00:00Z" }],
      ...status,
    },
  };
}

export interface ClaimParts {
  readonly address?: string;
  readonly nodeName?: string;
  readonly reason?: ClaimReason;
  readonly status?: PciDeviceClaimStatus;
  readonly deleted?: boolean;
}

/** Of a function that is bound to vfio-pci, as it is while it is claimed. */
export function pciDevice(address: string, status: Partial<PciDeviceStatus> = {}): PciDevice {
  return {
    metadata: { name: pciDeviceName(NODE, address) },
    status: {
      address,
      vendorId: "8086",
      deviceId: "10ca",
      classId: "0200",
      iommuGroup: "41",
      nodeName: NODE,
      resourceName: "intel.com/VF",
      description: "",
      kernelDriverInUse: "vfio-pci",
      ...status,
    },
  };
}

export function poolsOf(parts: Partial<PoolSnapshot>, before: Pools = noPools): Pools {
  const nothing = { nics: [], claims: [], pciDevices: [], given: [], allocated: new Map() };
  return pools({ nodeName: NODE, resourcePrefix: "example.com", ...nothing, ...parts }, before);
}

/** `{ "example.com/fast": ["0000:04:10.0", "0000:04:10.2: it is not there"] }`. */
export function inWords(found: Pools): Record<string, string[]> {
  const entries = [...found].map(([name, pool]) => [
    name,
    [...pool.values()].map(({ address, unhealthy }) =>
      unhealthy === undefined ? address : `${address}: ${unhealthy}`,
    ),
  ]);
  return Object.fromEntries(entries) as Record<string, string[]>;
}
