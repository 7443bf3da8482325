import type { KernelError } from "./kernel-error.js";

export { KernelError } from "./kernel-error.js";

/**
 * What the agent may ask of a node's kernel. The Linux implementation reads and writes sysfs; any other must keep
 * Linux's rules, which `test/unit/kernel/kernel-contract.ts` spells out.
 *
 * Reads answer with what is there now: hardware can vanish between two reads, so a device that cannot be read is
 * reported beside those that can, never instead of them.
 */
export interface Kernel {
  /**
   * Everything about the node's SR-IOV NICs in one pass. Never fails because of one device.
   *
   * @throws {KernelError} There is no sysfs or procfs where they were looked for.
   */
  scan(): Promise<NodeSnapshot>;

  /**
   * One physical function as {@link scan} has it, or `undefined` where none has this address (any more).
   *
   * @throws {KernelError} It is there and can't be read.
   * @throws {TypeError} `address` is not a PCI address.
   */
  physicalFunction(address: PciAddress): Promise<PhysicalFunction | undefined>;

  /**
   * Writes `sriov_numvfs` and resolves when the kernel's write has returned, which is when the VFs exist (or are gone).
   * Drivers may bind, and interfaces get their names, later.
   *
   * Writing the count that is already there succeeds and changes nothing.
   *
   * @throws {KernelError} EBUSY from N to M with both nonzero, or while a VF that is in use refuses removal; ERANGE above
   *   `totalVfs`; EINVAL for what is negative or not a whole number; ENOENT where the device is gone or its driver
   *   has no SR-IOV; ENODEV where it goes while the write is under way; ETIMEDOUT after `deadlineMs`, in which case the
   *   write may still be under way in the kernel.
   * @throws {TypeError} `address` is not a PCI address.
   */
  setNumVfs(address: PciAddress, count: number, options: WriteOptions): Promise<void>;

  /**
   * Whether VFs that are made from now on are offered to drivers at once (`sriov_drivers_autoprobe`). Those that are there
   * keep their drivers.
   *
   * @throws {KernelError} ENOENT where no physical function has this address; ETIMEDOUT after `deadlineMs`.
   */
  setDriversAutoprobe(address: PciAddress, on: boolean, options: WriteOptions): Promise<void>;

  /**
   * Binds this function alone to `driver`, whatever the driver's list of IDs says, taking it from the one that has it.
   * Resolves once sysfs shows it bound. Binding to the driver that it has already changes nothing.
   *
   * `undefined` takes that back and offers the function to the driver that the kernel picks, for which a VF's
   * `driversAutoprobe` must be on; resolves once the kernel has been asked. A function that has a driver and was not bound
   * in this way keeps it, unless that is `takeFrom`.
   *
   * @throws {KernelError} ENODEV where the function is there and `driver` did not take it, its module not loaded for one:
   *   then the function has the driver again that it had; ENOENT where the function is gone; ETIMEDOUT after `deadlineMs`,
   *   which leaves it in between: the same call again goes on from there.
   * @throws {TypeError} `driver` is not a driver's name.
   */
  bindDriver(address: PciAddress, driver: string | undefined, options: BindOptions): Promise<void>;

  /**
   * Sets an interface of the function at `address` up, as `ip link set NAME up` does.
   *
   * @throws {KernelError} EPERM without CAP_NET_ADMIN; ENOENT where there is no such interface (any more).
   * @throws {TypeError} `interfaceName` is not an interface's name.
   */
  setInterfaceUp(address: PciAddress, interfaceName: string, options: WriteOptions): Promise<void>;

  /**
   * Sets the MTU of an interface of the function at `address`, in bytes, as `ip link set NAME mtu MTU` does. It stays until
   * the interface goes. What is there already succeeds and changes nothing.
   *
   * @throws {KernelError} EINVAL outside the range that the driver supports, and for what is not a whole number; EPERM
   *   without CAP_NET_ADMIN; ENOENT where there is no such interface (any more); ETIMEDOUT after `deadlineMs`. Drivers may
   *   refuse with others, such as a VF's that wants more than its PF has.
   * @throws {TypeError} `interfaceName` is not an interface's name.
   */
  setMtu(address: PciAddress, interfaceName: string, mtu: number, options: WriteOptions): Promise<void>;

  /** Every PCI function of the node, VFs included, ordered by address. Those that vanish or can't be read are left out. */
  pciFunctions(): Promise<readonly ListedPciFunction[]>;

  /**
   * One PCI function with all that decides whether it may be handed to a guest, or `undefined` where none has this address
   * (any more).
   *
   * @throws {KernelError} It, or what the node has mounted, is there and can't be read.
   * @throws {TypeError} `address` is not a PCI address.
   */
  pciFunction(address: PciAddress): Promise<PciFunctionDetail | undefined>;

  /** Whether the device node of an IOMMU group is there (`/dev/vfio/12`), which is what a guest's process opens. */
  hasVfioGroup(iommuGroup: string): Promise<boolean>;

  /**
   * Has the kernel load the module of a PCI driver, as `modprobe` does. Does nothing where the driver is there.
   *
   * @throws {KernelError} ENOENT where there is no such module, or no `modprobe`; ENODEV where the module brings no PCI
   *   driver of that name; EPERM where it may not be loaded; ETIMEDOUT after `deadlineMs`, in which case it may still come.
   * @throws {TypeError} `driver` is not a driver's name.
   */
  loadDriver(driver: string, options: WriteOptions): Promise<void>;
}

export interface WriteOptions {
  /** How long the write may take. What hangs in the kernel then stays there. */
  readonly deadlineMs: number;
}

export interface BindOptions extends WriteOptions {
  /** The driver that a function is taken from when it is given back, however it came to have it. Default: none. */
  readonly takeFrom?: string;
}

/** A PCI address in sysfs's form: domain, bus, device, function, as in `0000:04:10.2`. */
export type PciAddress = string & { readonly __pciAddress: unique symbol };

export function isPciAddress(text: string): text is PciAddress {
  return /^[0-9a-f]{4,8}:[0-9a-f]{2}:[0-1][0-9a-f]\.[0-7]$/.test(text);
}

/** @throws {TypeError} `text` is not a PCI address in sysfs's form. */
export function parsePciAddress(text: string): PciAddress {
  if (!isPciAddress(text)) throw new TypeError(`${JSON.stringify(text)} is not a PCI address such as 0000:04:10.2`);
  return text;
}

/** @throws {TypeError} No interface can have this name. */
export function parseInterfaceName(text: string): string {
  if (!/^[^/\s]{1,15}$/.test(text) || /^\.\.?$/.test(text))
    throw new TypeError(`${JSON.stringify(text)} is not an interface's name`);
  return text;
}

/** @throws {TypeError} No driver can have this name. */
export function parseDriverName(text: string): string {
  if (!/^\w[\w.+-]*$/.test(text)) throw new TypeError(`${JSON.stringify(text)} is not a driver's name`);
  return text;
}

export interface NodeSnapshot {
  /** Physical functions that can have VFs (`sriov_totalvfs` above 0) and are network devices, ordered by address. */
  readonly physicalFunctions: readonly PhysicalFunction[];
  /** Network devices that are no VFs and can have none: without `sriov_totalvfs`, or with 0; ordered by address. */
  readonly incapable: readonly IncapableNic[];
  /** Names of the interfaces that carry a default route, IPv4 or IPv6. */
  readonly defaultRouteInterfaces: readonly string[];
  /**
   * IP addresses of the node's interfaces, bridges and bonds included, by interface name; without link-local ones and the
   * loopback's. Of an interface that has no carrier, the network may stand for the address: `192.0.2.0/24`.
   */
  readonly interfaceAddresses: Readonly<Record<string, readonly string[]>>;
  /** Devices that could not be read this time, each with why. */
  readonly unreadable: readonly UnreadableDevice[];
}

export interface IncapableNic {
  readonly address: PciAddress;
  /** Name of its first interface; empty where it has none. */
  readonly interfaceName: string;
}

export interface UnreadableDevice {
  readonly address: PciAddress;
  readonly error: KernelError;
}

/** One PCI function, and who drives it. */
export interface PciFunction {
  readonly address: PciAddress;
  /** Four hex digits without `0x`, such as `8086`. */
  readonly vendorId: string;
  readonly deviceId: string;
  /** Six hex digits without `0x`, such as `020000`. */
  readonly classId: string;
  /** The kernel driver it is bound to; absent while it has none. */
  readonly driver?: string;
  /** Number of its IOMMU group; absent where there is no IOMMU, also where vfio hands devices out without one. */
  readonly iommuGroup?: string;
}

/** What a list of all of a node's functions tells of one. */
export interface ListedPciFunction extends PciFunction {
  /** On a virtual function: the physical function that it belongs to. */
  readonly physicalFunction?: PciAddress;
  /** The NUMA node that it is next to; absent where the machine does not say. */
  readonly numaNode?: number;
}

export interface NetworkFunction extends PciFunction {
  /** Its network interfaces, ordered by port; several ports may share one function. */
  readonly interfaces: readonly NetworkInterface[];
}

/** What decides whether a function may be handed to a guest. */
export interface PciFunctionDetail extends NetworkFunction, ListedPciFunction {
  /** Its own while it has its network driver, ordered by port, and those of devices behind it: virtio's, a USB host's. */
  readonly interfaces: readonly NetworkInterface[];
  /** On a virtual function: its index among those of its physical function. */
  readonly virtualFunctionIndex?: number;
  /** How many VFs it has now; 0 where it can have none. */
  readonly numVfs: number;
  /** As {@link VirtualFunction.interfaceElsewhere}, of any function. */
  readonly interfaceElsewhere: boolean;
  /** The other PCI functions of its IOMMU group, ordered by address; empty without a group. */
  readonly groupMembers: readonly PciFunction[];
  /**
   * What the node has mounted, swaps on, or stacks (md, dm, LVM, bcache) on disks behind it, each in words:
   * `nvme0n1p2 at /`, `sda1 as swap`, `sda2 under vg0-root`.
   */
  readonly mounts: readonly string[];
}

export interface PhysicalFunction extends NetworkFunction {
  /** The most VFs it can have: the NIC's limit, or the driver's where that is lower. */
  readonly totalVfs: number;
  /** How many VFs exist now; part of the way while a change is under way. */
  readonly numVfs: number;
  /** In VF order: by index, not by name. */
  readonly virtualFunctions: readonly VirtualFunction[];
  /** Whether VFs that are made are offered to drivers at once; where the kernel does not say, true. */
  readonly driversAutoprobe: boolean;
}

export interface VirtualFunction extends NetworkFunction {
  readonly index: number;
  /** It has an interface that is in another network namespace, a pod's say, and cannot be seen from this one. */
  readonly interfaceElsewhere: boolean;
}

export type LinkType = "eth" | "ib";

export interface NetworkInterface {
  readonly name: string;
  readonly macAddress?: string;
  /** sysfs `operstate`: `up`, `down`, `unknown`, … */
  readonly linkState?: string;
  /** `dev_port`: which port of the function this is. */
  readonly port: number;
  /** Administratively up, whatever its link does. */
  readonly up: boolean;
  /** In bytes. */
  readonly mtu?: number;
  /** Ethernet or InfiniBand; absent where it is neither. */
  readonly linkType?: LinkType;
  /** Other names that udev has for it, of a physical function's interface alone; sorted, and without {@link name}. */
  readonly alternativeNames: readonly string[];
  /**
   * The interfaces that stand on it, through any depth and branching, nearest first: its bond, the bond's bridge, VLANs:
   * `["bond0", "mgmt-br", "mgmt-br.100"]`. Those in another network namespace cannot be seen.
   */
  readonly uppers: readonly string[];
  /** IP addresses that it has itself, as {@link NodeSnapshot.interfaceAddresses} has them. */
  readonly addresses: readonly string[];
}
