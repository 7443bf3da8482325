import { parsePciAddress, type LinkType, type PciAddress } from "../../../reconciler/kernel/kernel.js";

/** The NICs and other devices of a simulated node, as they are at power-on: what `--hardware FILE.json` holds. */
export interface HardwareSpec {
  readonly nics: readonly NicSpec[];
  /** Other PCI functions: bridges, controllers of disks, VFs that a hypervisor gave this machine. Default none. */
  readonly functions?: readonly FunctionSpec[];
  /** Interfaces that carry a default route. Default none. */
  readonly defaultRouteInterfaces?: readonly string[];
  /** Kernel drivers that are loaded beside those of the NICs and their VFs. Default `vfio-pci`. */
  readonly drivers?: readonly string[];
  /** Kernel drivers whose modules can be loaded; those that are loaded need not be among them. Default `vfio-pci`. */
  readonly loadableDrivers?: readonly string[];
}

/** One physical function. Defaults are those of an Intel 82599. */
export interface NicSpec {
  /** PCI address, such as `0000:04:00.0`. */
  readonly address: string;
  /** Its network interfaces by port; most functions have one. */
  readonly interfaces: readonly InterfaceSpec[];
  /** Four hex digits. Default `8086`. */
  readonly vendorId?: string;
  /** Four hex digits. Default `10fb`. */
  readonly deviceId?: string;
  /** Device ID of its VFs, four hex digits. Default `10ed`. */
  readonly vfDeviceId?: string;
  /** Default `ixgbe`. */
  readonly driver?: string;
  /** What VFs bind to. Default `ixgbevf`. */
  readonly vfDriver?: string;
  /** Default 63; 0 for a NIC without SR-IOV. */
  readonly totalVfs?: number;
  /** Distance from the PF's routing ID to the first VF's. Default 128. */
  readonly offset?: number;
  /** Distance from one VF's routing ID to the next one's. Default 2. */
  readonly stride?: number;
  /** Whether the driver can make VFs; without, every write is ENOENT. Default true. */
  readonly sriov?: boolean;
  /** Whether there is an IOMMU. Default true. */
  readonly iommu?: boolean;
  /** Whether each VF has an IOMMU group of its own, or all VFs share one, or that of their PF. Default `own`. */
  readonly iommuGroup?: "own" | "shared" | "with-pf";
  /** Address of a function that is there already, whose IOMMU group the PF is in. Default: it has one of its own. */
  readonly groupWith?: string;
  /** Default: the machine does not say. */
  readonly numaNode?: number;
  /** The largest MTU that its driver and that of its VFs take. Default 9710. */
  readonly maxMtu?: number;
}

export interface InterfaceSpec {
  readonly name: string;
  /** Default: derived from the PCI address. */
  readonly macAddress?: string;
  /** sysfs `operstate`. Default `up`. */
  readonly linkState?: string;
  /** At power-on. Default 1500. */
  readonly mtu?: number;
  /** Default `eth`. */
  readonly linkType?: LinkType;
  /** Other names that udev has for it. Default none. */
  readonly alternativeNames?: readonly string[];
}

/**
 * A PCI function that is no SR-IOV NIC; by default a bridge. One of class `020000` with an interface, and a VF's IDs, is
 * how a VF looks in the machine that it was given to.
 */
export interface FunctionSpec {
  /** PCI address, such as `0000:00:1c.0`. */
  readonly address: string;
  /** Four hex digits. Default `8086`. */
  readonly vendorId?: string;
  /** Four hex digits. Default `1d10`. */
  readonly deviceId?: string;
  /** Six hex digits. Default `060400`, a PCI bridge. */
  readonly classId?: string;
  /** The driver that is made for it, and that has it at power-on. Default: none is. */
  readonly driver?: string;
  /** What it has while it has its driver. Default none. */
  readonly interfaces?: readonly InterfaceSpec[];
  /** Whether there is an IOMMU. Default true. */
  readonly iommu?: boolean;
  /** Address of a function that is there already, whose IOMMU group it is in. Default: it has one of its own. */
  readonly groupWith?: string;
  /** Default: the machine does not say. */
  readonly numaNode?: number;
  /** What the node does with disks behind it, as the kernel's `PciFunctionDetail.mounts`. Default nothing. */
  readonly mounts?: readonly string[];
  /** The largest MTU that its driver takes. Default 9710. */
  readonly maxMtu?: number;
}

/** Two ports of one Intel NIC, `eno49` and `eno50`. */
export function defaultHardware({ totalVfs = 63 }: { readonly totalVfs?: number } = {}): HardwareSpec {
  return {
    nics: [
      { address: "0000:04:00.0", interfaces: [{ name: "eno49" }], totalVfs },
      { address: "0000:04:00.1", interfaces: [{ name: "eno50" }], totalVfs },
    ],
  };
}

/** What a node that is a virtual machine has of two VFs that were passed through to it: `enp5s0` leads to the network, `enp6s0` is free. */
export function guestHardware(): HardwareSpec {
  return {
    nics: [],
    functions: [5, 6].map((bus) => ({
      address: `0000:0${bus}:00.0`,
      classId: "020000",
      deviceId: "10ed",
      driver: "ixgbevf",
      interfaces: [{ name: `enp${bus}s0` }],
    })),
    defaultRouteInterfaces: ["enp5s0"],
  };
}

/**
 * Address of VF `index` of a PF: the PF's routing ID (bus, device and function as one number) plus `offset` plus `index`
 * times `stride`. It carries into the bus number, as it does on NICs with more than 256 functions.
 *
 * @throws {RangeError} The address is past bus ff.
 */
export function virtualFunctionAddress(pf: PciAddress, index: number, offset: number, stride: number): PciAddress {
  const [domain = "", bus = "", device = "", fn = ""] = pf.split(/[:.]/);
  const pfRoutingId = (parseInt(bus, 16) << 8) | (parseInt(device, 16) << 3) | parseInt(fn, 16);
  const routingId = pfRoutingId + offset + index * stride;
  if (routingId > 0xffff) throw new RangeError(`VF ${index} of ${pf} has no address: past bus ff`);
  return parsePciAddress(
    `${domain}:${hexByte(routingId >> 8)}:${hexByte((routingId >> 3) & 0x1f)}.${(routingId & 7).toString(16)}`,
  );
}

/** A locally administered address that is the same for the same function and port every time. */
export function macAddressOf(address: PciAddress, port: number): string {
  const digits = address.replace(/[^0-9a-f]/g, "").slice(-8);
  return ["02", hexByte(port), ...(digits.match(/../g) ?? [])].join(":");
}

function hexByte(value: number): string {
  return value.toString(16).padStart(2, "0");
}
