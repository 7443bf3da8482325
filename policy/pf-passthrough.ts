import { Label } from "../api/names.js";
import type { PciDevice } from "../api/pci-device.js";
import { claimedDevice, type ClaimedDevice } from "../provider/core/claim/claimed-device.js";
import { servedDevices } from "../provider/core/device/served-devices.js";
import { type Operation, SILENT } from "../provider/core/resource.js";
import type { Rule } from "./rules.js";

export const pfPassthrough: Rule = {
  policy: {
    name: "no-pf-passthrough",
    description: "No whole NIC (physical function) is handed through to a virtual machine, only its virtual functions.",
    enforcementLevel: "mandatory",
  },
  types: ["PciDeviceClaim"],
  async violations(resource) {
    const { known, unknown } = resource;
    // Only VFs are made by an up; whatever else a program could claim is there before, and known.
    if (["pciDevice", "nodeName", "address"].some((name) => unknown.has(name))) return [];
    const looking = resource.operation(SILENT);
    const { pciDevice, nodeName = "", address = "" } = known as Readonly<Record<string, string | undefined>>;
    const device = await claimedDevice(looking, pciDevice === undefined ? { nodeName, address } : { pciDevice });
    const nic = device && (await physicalFunction(looking, device));
    if (device === undefined || nic === undefined) return [];
    return [
      `claims ${nic} (${device.address} of node ${device.nodeName}), the NIC itself. Claim one of its VFs instead.`,
    ];
  },
};

/** What the device is called, where it is a NIC's physical function. */
async function physicalFunction({ cluster }: Operation, device: ClaimedDevice): Promise<string | undefined> {
  const ofNode = (await servedDevices(cluster)).filter(({ spec }) => spec.nodeName === device.nodeName);
  const nic = ofNode.find(({ spec }) => spec.address === device.address);
  if (nic !== undefined) return nic.metadata.name;
  // Harvester's controller does not label every VF.
  if (ofNode.some(({ status }) => status?.vfAddresses?.includes(device.address) === true)) return undefined;
  return isNetworkController(device.pciDevice) ? device.name : undefined;
}

/** A NIC that has no SriovNetworkDevice: the node's uplink, or one that knows no VFs. */
function isNetworkController(pciDevice: PciDevice | undefined): boolean {
  const { [Label.virtualFunction]: isVirtual, [Label.parentDevice]: parent } = pciDevice?.metadata.labels ?? {};
  return pciDevice?.status?.classId.startsWith("02") === true && isVirtual !== "true" && parent === undefined;
}
