import { networkInterfaces } from "node:os";
import { setImmediate } from "node:timers/promises";
import {
  KernelError,
  parseDriverName,
  parseInterfaceName,
  parsePciAddress,
  type BindOptions,
  type Kernel,
  type ListedPciFunction,
  type NodeSnapshot,
  type PciAddress,
  type PciFunctionDetail,
  type PhysicalFunction,
  type UnreadableDevice,
  type WriteOptions,
} from "../kernel.js";
import { BlockingFiles } from "./blocking-files.js";
import { DriverBinding } from "./driver-binding.js";
import { readHostNetwork } from "./host-network.js";
import { readIncapableNics } from "./incapable-nics.js";
import type { InterfaceAddresses } from "./interface-addresses.js";
import { ModuleLoader } from "./module-loader.js";
import { readMountedDevices } from "./mounted-devices.js";
import { IFF_UP, type NetworkFacts } from "./network-interfaces.js";
import { readPciFunctionDetail } from "./pci-function-detail.js";
import { devicePath, listPciAddresses, readListedPciFunction } from "./pci-functions.js";
import { mayHaveVirtualFunctions, readPhysicalFunction } from "./physical-functions.js";
import { asKernelError, isThere, readAttribute, unlessAbsent } from "./sysfs.js";

export interface LinuxKernelOptions {
  /** Where sysfs is mounted. Default `/sys`. */
  readonly sysRoot?: string;
  /** Where procfs is mounted. Default `/proc`. */
  readonly procRoot?: string;
  /** Folder of udev's database; there need be none. Default `/run/udev/data`. */
  readonly udevData?: string;
  /** Where device nodes are. Default `/dev`. */
  readonly devRoot?: string;
  /** Where IPv4 addresses are had from. Default: Node's own, which asks the kernel. */
  readonly ipv4Interfaces?: typeof networkInterfaces;
  /** The program that loads modules, by name or path. Default `modprobe`. */
  readonly modprobe?: string;
}

/** The kernel this process runs on, through sysfs and procfs. */
export class LinuxKernel implements Kernel {
  readonly #sysRoot: string;
  readonly #procRoot: string;
  readonly #udevData: string;
  readonly #devRoot: string;
  readonly #ipv4Interfaces: typeof networkInterfaces;
  readonly #files = new BlockingFiles();
  readonly #modules: ModuleLoader;

  constructor(options: LinuxKernelOptions = {}) {
    const { sysRoot = "/sys", procRoot = "/proc", udevData = "/run/udev/data" } = options;
    const { ipv4Interfaces = networkInterfaces } = options;
    this.#ipv4Interfaces = ipv4Interfaces;
    this.#sysRoot = sysRoot;
    this.#procRoot = procRoot;
    this.#udevData = udevData;
    this.#devRoot = options.devRoot ?? "/dev";
    this.#modules = new ModuleLoader(sysRoot, options.modprobe);
  }

  async scan(): Promise<NodeSnapshot> {
    const network = await readHostNetwork(this.#procRoot, this.#ipv4Interfaces);
    // Every sysfs has it; a machine without a PCI bus, and so without NICs, is no error.
    if (!isThere(`${this.#sysRoot}/class/net`)) throw new KernelError("ENOENT", `${this.#sysRoot}/class/net`, "read");
    const facts = this.#factsWith(network.interfaceAddresses);
    const physicalFunctions: PhysicalFunction[] = [];
    const unreadable: UnreadableDevice[] = [];
    const addresses = listPciAddresses(this.#sysRoot);
    for (const address of addresses) {
      if (!mayHaveVirtualFunctions(this.#sysRoot, address)) continue;
      // Reading blocks the event loop, for 3 ms where a NIC has 64 VFs: others get their turn after each.
      await setImmediate();
      try {
        const found = readPhysicalFunction(address, facts);
        if (found !== undefined) physicalFunctions.push(found);
      } catch (error) {
        unreadable.push({ address, error: asKernelError(error, devicePath(this.#sysRoot, address)) });
      }
    }
    const incapable = readIncapableNics(this.#sysRoot, addresses, physicalFunctions);
    return { physicalFunctions, incapable, ...network, unreadable };
  }

  async physicalFunction(address: PciAddress): Promise<PhysicalFunction | undefined> {
    parsePciAddress(address);
    const { interfaceAddresses } = await readHostNetwork(this.#procRoot, this.#ipv4Interfaces);
    return unlessAbsent(address, () => readPhysicalFunction(address, this.#factsWith(interfaceAddresses)));
  }

  async setNumVfs(address: PciAddress, count: number, options: WriteOptions): Promise<void> {
    await this.#files.write(`${this.#pathOf(address)}/sriov_numvfs`, String(count), options);
  }

  async setDriversAutoprobe(address: PciAddress, on: boolean, options: WriteOptions): Promise<void> {
    await this.#files.write(`${this.#pathOf(address)}/sriov_drivers_autoprobe`, on ? "1" : "0", options);
  }

  async bindDriver(address: PciAddress, driver: string | undefined, options: BindOptions): Promise<void> {
    const { deadlineMs, takeFrom } = options;
    const binding = new DriverBinding(this.#files, this.#sysRoot, parsePciAddress(address), deadlineMs);
    await (driver === undefined ? binding.release(takeFrom) : binding.bind(parseDriverName(driver)));
  }

  async setInterfaceUp(address: PciAddress, interfaceName: string, options: WriteOptions): Promise<void> {
    const path = `${this.#interfacePath(address, interfaceName)}/flags`;
    const flags = Number(readAttribute(path));
    if ((flags & IFF_UP) === 0) await this.#files.write(path, `0x${(flags | IFF_UP).toString(16)}`, options);
  }

  async setMtu(address: PciAddress, interfaceName: string, mtu: number, options: WriteOptions): Promise<void> {
    await this.#files.write(`${this.#interfacePath(address, interfaceName)}/mtu`, String(mtu), options);
  }

  async pciFunctions(): Promise<readonly ListedPciFunction[]> {
    const functions: ListedPciFunction[] = [];
    for (const [index, address] of listPciAddresses(this.#sysRoot).entries()) {
      if (index % FUNCTIONS_IN_A_TURN === 0) await setImmediate();
      try {
        functions.push(readListedPciFunction(this.#sysRoot, address));
      } catch {
        continue; // Left out, as the interface says.
      }
    }
    return functions;
  }

  async pciFunction(address: PciAddress): Promise<PciFunctionDetail | undefined> {
    parsePciAddress(address);
    const { interfaceAddresses } = await readHostNetwork(this.#procRoot, this.#ipv4Interfaces);
    const mounted = await readMountedDevices(this.#procRoot);
    const facts = { ...this.#factsWith(interfaceAddresses), mounted };
    return unlessAbsent(address, () => readPciFunctionDetail(address, facts));
  }

  hasVfioGroup(iommuGroup: string): Promise<boolean> {
    return Promise.resolve(isThere(`${this.#devRoot}/vfio/${iommuGroup}`));
  }

  async loadDriver(driver: string, { deadlineMs }: WriteOptions): Promise<void> {
    await this.#modules.load(parseDriverName(driver), deadlineMs);
  }

  /** Ends the idle processes that write. The next write starts a new one. */
  close(): void {
    this.#files.close();
  }

  #factsWith(interfaceAddresses: InterfaceAddresses): NetworkFacts {
    return { sysRoot: this.#sysRoot, udevData: this.#udevData, interfaceAddresses };
  }

  #interfacePath(address: PciAddress, interfaceName: string): string {
    return `${this.#pathOf(address)}/net/${parseInterfaceName(interfaceName)}`;
  }

  #pathOf(address: PciAddress): string {
    return devicePath(this.#sysRoot, parsePciAddress(address));
  }
}

/** About 1 ms of reading. */
const FUNCTIONS_IN_A_TURN = 64;
