import { Label, pciDeviceName } from "../../api/names.js";
import { PCI_DEVICE, type PciDevice, type PciDeviceStatus } from "../../api/pci-device.js";
import type { KubeClient } from "../../kube/client.js";
import type { HarvesterNetworkDevice } from "../../provider/core/device/harvester-object.js";
import { CONTROLLER } from "./harvester-controller.js";
import type { HarvesterHardware } from "./harvester-hardware.js";

/**
 * Lists every PCI function of every node, and takes those away that are there no more. Labels are one map in a pass, so that
 * what is made after a VF has the label of that VF's NIC; and a NIC that has VFs is not listed.
 */
export async function scanPciDevices(
  client: KubeClient,
  hardware: HarvesterHardware,
  nics: readonly HarvesterNetworkDevice[],
): Promise<void> {
  const listed = (await client.list(PCI_DEVICE)).items;
  for (const nodeName of new Set(hardware.nics.map((nic) => nic.nodeName))) {
    const own = listed.filter((device) => device.status?.nodeName === nodeName);
    await scanNode(client, functionsOf(hardware, nodeName), nodeName, own, nics);
  }
}

function functionsOf(hardware: HarvesterHardware, nodeName: string): readonly string[] {
  return hardware.nics
    .filter((nic) => nic.nodeName === nodeName)
    .flatMap((nic) => (hardware.numVfs(nic) === 0 ? [nic.address] : hardware.vfs(nic)));
}

async function scanNode(
  client: KubeClient,
  addresses: readonly string[],
  nodeName: string,
  listed: readonly PciDevice[],
  nics: readonly HarvesterNetworkDevice[],
): Promise<void> {
  const labels: Record<string, string> = { [Label.nodeName]: nodeName };
  for (const address of addresses) {
    const name = pciDeviceName(nodeName, address);
    if (listed.some(({ metadata }) => metadata.name === name)) continue;
    const parents = nics.filter(({ status }) => status?.vfPCIDevices?.includes(name) === true);
    if (parents.length === 1) labels[Label.parentDevice] = parents[0]?.metadata.name ?? "";
    await client.create(PCI_DEVICE, { metadata: { name, labels: { ...labels } } }, { fieldManager: CONTROLLER });
    const status = { status: statusOf(nodeName, address, parents.length === 1) };
    await client.merge(PCI_DEVICE, name, status, { fieldManager: CONTROLLER, subresource: "status" });
  }
  const gone = listed.filter(
    ({ metadata, status }) =>
      !addresses.includes(status?.address ?? "") &&
      Object.entries(labels).every(([key, value]) => metadata.labels?.[key] === value),
  );
  for (const { metadata } of gone) await client.delete(PCI_DEVICE, metadata.name);
}

function statusOf(nodeName: string, address: string, isVf: boolean): PciDeviceStatus {
  return {
    ...{ address, nodeName, vendorId: "8086", deviceId: isVf ? "10ca" : "10c9", classId: "0200" },
    ...{
      iommuGroup: String(Number.parseInt(address.replace(/\W/g, ""), 16) % 1_000),
      resourceName: "intel.com/82576_VF",
    },
    ...{ description: "Ethernet controller: Intel Corporation 82576", kernelDriverInUse: isVf ? "igbvf" : "igb" },
  };
}
