import type { Condition } from "../../../api/object.js";
import type { SriovNetworkDevice, VfGroup } from "../../../api/sriov-network-device.js";
import {
  type NetworkInterface,
  parsePciAddress,
  type PhysicalFunction,
  type VirtualFunction,
} from "../../../reconciler/kernel/kernel.js";

/** An Intel 82599 as the kernel interface tells of it. */
export function physicalFunction(more: Partial<PhysicalFunction> = {}): PhysicalFunction {
  const virtualFunctions = more.virtualFunctions ?? [];
  return {
    address: parsePciAddress("0000:04:00.0"),
    vendorId: "8086",
    deviceId: "10fb",
    classId: "020000",
    driver: "ixgbe",
    interfaces: [port("eno49")],
    totalVfs: 63,
    numVfs: virtualFunctions.length,
    virtualFunctions,
    driversAutoprobe: true,
    ...more,
  };
}

export function virtualFunction(index: number): VirtualFunction {
  return {
    index,
    address: parsePciAddress(`0000:04:1${index >> 2}.${(index * 2) % 8}`),
    vendorId: "8086",
    deviceId: "10ed",
    classId: "020000",
    driver: "ixgbevf",
    iommuGroup: String(40 + index),
    interfaces: [port(`eno49v${index}`)],
    interfaceElsewhere: false,
  };
}

export function virtualFunctions(count: number): VirtualFunction[] {
  return Array.from({ length: count }, (_, index) => virtualFunction(index));
}

export function port(name: string, uppers: readonly string[] = []): NetworkInterface {
  return {
    name,
    macAddress: "02:00:00:00:00:01",
    linkState: "up",
    port: 0,
    up: true,
    mtu: 1500,
    linkType: "eth",
    alternativeNames: [],
    uppers,
    addresses: [],
  };
}

interface DeviceParts {
  readonly numVFS?: number;
  readonly generation?: number;
  readonly countOwner?: string;
  readonly mtu?: number;
  readonly vfGroups?: readonly VfGroup[];
  readonly status?: SriovNetworkDevice["status"];
  readonly ready?: Partial<Condition>;
}

/** The object of {@link physicalFunction}'s NIC. */
export function deviceObject(parts: DeviceParts = {}): SriovNetworkDevice {
  const { numVFS, generation = 1, countOwner, mtu, vfGroups, status, ready } = parts;
  const condition: Condition = {
    type: "Ready",
    status: "True",
    reason: "Configured",
    message: "",
    lastTransitionTime: "2020-01-01T00:00:00Z",
    ...ready,
  };
  return {
    metadata: {
      name: "node1-eno49",
      generation,
      managedFields: [
        { manager: "pulumi-sriov-agent", fieldsV1: { "f:spec": { "f:address": {}, "f:nodeName": {} } } },
        ...(countOwner === undefined ? [] : [{ manager: countOwner, fieldsV1: { "f:spec": { "f:numVFS": {} } } }]),
      ],
    },
    spec: {
      ...{ address: "0000:04:00.0", nodeName: "node1" },
      ...(numVFS !== undefined && { numVFS }),
      ...(mtu !== undefined && { mtu }),
      ...(vfGroups && { vfGroups }),
    },
    ...((status ?? ready) && { status: { ...status, ...(ready && { conditions: [condition] }) } }),
  };
}

/** `vfGroup("0-1", { deviceType: "vfio-pci" })`. */
export function vfGroup(vfRange: string, more: Partial<VfGroup> = {}): VfGroup {
  return { resourceName: "pool", policyName: "policy1", vfRange, ...more };
}
