/** The numbers by which a PCI function is known, in hex without `0x`: vendor and device four digits, class four or more. */
export interface PciNumbers {
  readonly vendorId: string;
  readonly deviceId: string;
  /** Class and subclass first. */
  readonly classId: string;
}

/** What the pci.ids database calls them; each absent where it has no entry. */
export interface PciNames {
  readonly vendor?: string;
  readonly device?: string;
  readonly class?: string;
  readonly subclass?: string;
}

/**
 * A PCIDevice's `description`, as Harvester words it: `Ethernet controller: Intel Corporation 82599 Ethernet Controller
 * Virtual Function`. What has no name is told by its number, as lspci does: `Class 0200: Vendor 8086 Device 10ed`.
 */
export function pciDescription({ vendorId, deviceId, classId }: PciNumbers, names: PciNames): string {
  const kind = names.subclass ?? names.class ?? `Class ${classId.slice(0, 4)}`;
  return `${kind}: ${names.vendor ?? `Vendor ${vendorId}`} ${names.device ?? `Device ${deviceId}`}`;
}

/**
 * A PCIDevice's `resourceName`, under which it is advertised to pods and VMs, derived as Harvester derives it, so that
 * VMs that name one find the same devices: `intel.com/82599_ETHERNET_CONTROLLER_VIRTUAL_FUNCTION`. Always a name that a
 * kubelet takes. One that would make its device plugin's socket path too long has `VF` for `VIRTUAL_FUNCTION`, or where
 * that is not enough the device's number for its name.
 *
 * Of a vendor without a name it is `unknown.com/<vendor>_<device>`, so that two such vendors' devices are not taken for
 * the same.
 */
export function pciResourceName({ vendorId, deviceId }: PciNumbers, names: PciNames): string {
  if (names.vendor === undefined) return `unknown.com/${vendorId}_${deviceId}`;
  const label = vendorLabel(names.vendor);
  if (label === "") return `unknown.com/${vendorId}_${deviceId}`;
  const domain = `${label}.com`;
  const device = devicePart(names.device ?? "");
  const candidates = [device, device.replaceAll("VIRTUAL_FUNCTION", "VF")];
  const fitting = candidates.find((name) => name !== "" && socketPath(domain, name).length <= MAX_SOCKET_PATH);
  return `${domain}/${fitting ?? deviceId}`;
}

/** What a socket's address holds, less the NUL that ends it: unix(7). */
const MAX_SOCKET_PATH = 107;
/** So that a vendor's name leaves room for a device's number. */
const MAX_VENDOR_LABEL = 40;

/** Where KubeVirt's kind of device plugin listens for the kubelet. */
function socketPath(domain: string, device: string): string {
  return `/var/lib/kubelet/device-plugins/kubevirt-${domain}-${device}.sock`;
}

/** The vendor's short name where it has one, `[AMD/ATI]`, of which the first; else the first word of its name. */
function vendorLabel(vendor: string): string {
  const short = /\[([^\]]+)\]/.exec(vendor)?.[1]?.split("/")[0];
  const name = short ?? vendor.trim().split(" ")[0] ?? "";
  return name
    .replace(/[^a-zA-Z0-9]/g, "")
    .toLowerCase()
    .slice(0, MAX_VENDOR_LABEL);
}

/** Letters, digits and `_`, beginning and ending with one of the former. Blanks, `/` and `.` become `_`; the rest goes. */
function devicePart(device: string): string {
  return device
    .trim()
    .replace(/[/.]|[ \t]+/g, "_")
    .replace(/[^a-zA-Z0-9_]/g, "")
    .replace(/^_+|_+$/g, "")
    .toUpperCase();
}
