import type { ManagedFieldsEntry } from "../../../../api/object.js";
import { pciDeviceName } from "../../../../api/names.js";
import type { PciDevice } from "../../../../api/pci-device.js";
import type { PciDeviceClaim } from "../../../../api/pci-device-claim.js";
import type { HarvesterNetworkDevice, VfFacts } from "../../../../provider/core/device/harvester-object.js";

const NODE_NAME = "node1";

/** A NIC as the API server has it: the controller has made it, and whoever is named has set the count. */
export function nic(
  numVFs: number,
  status?: HarvesterNetworkDevice["status"],
  counters: readonly string[] = [],
): HarvesterNetworkDevice {
  const made: ManagedFieldsEntry = {
    manager: "pcidevices",
    fieldsV1: { "f:spec": { "f:address": {}, "f:nodeName": {}, "f:numVFs": {} } },
  };
  const counts = counters.map((manager): ManagedFieldsEntry => ({
    manager,
    fieldsV1: { "f:spec": { "f:numVFs": {} } },
  }));
  return {
    metadata: { name: "node1-eno49", uid: "u", generation: 3, managedFields: [made, ...counts] },
    spec: { address: "0000:04:00.0", nodeName: NODE_NAME, numVFs },
    ...(status !== undefined && { status }),
  };
}

export function enabled(...vfAddresses: readonly string[]): NonNullable<HarvesterNetworkDevice["status"]> {
  const vfPCIDevices = vfAddresses.map((address) => pciDeviceName(NODE_NAME, address));
  return { status: "sriovNetworkDeviceEnabled", vfAddresses, vfPCIDevices };
}

/** PCIDevices of these addresses, and claims of those. */
export function facts(listed: readonly string[] = [], claims: Readonly<Record<string, string>> = {}): VfFacts {
  const find = (name: string): string | undefined =>
    listed.find((address) => pciDeviceName(NODE_NAME, address) === name);
  return {
    pciDevice(name) {
      const address = find(name);
      if (address === undefined) return undefined;
      return { metadata: { name }, status: { address, kernelDriverInUse: "igbvf" } } as PciDevice;
    },
    claim(name) {
      const userName = claims[name];
      if (userName === undefined) return undefined;
      return { metadata: { name }, spec: { userName } } as PciDeviceClaim;
    },
  };
}
