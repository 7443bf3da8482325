import {
  KernelError,
  parsePciAddress,
  type Kernel,
  type ListedPciFunction,
  type NodeSnapshot,
  type PciAddress,
  type PhysicalFunction,
  type UnreadableDevice,
  type WriteOptions,
} from "../kernel.js";
import { mapBounded } from "./bounded.js";
import { BlockingWriter } from "./blocking-writer.js";
import { readDefaultRouteInterfaces } from "./default-routes.js";
import { IFF_UP } from "./network-interfaces.js";
import { devicesPath, listPciAddresses, readListedPciFunction, readPhysicalFunction } from "./physical-functions.js";
import { asKernelError, ifAbsent, readAttribute, readLinkName } from "./sysfs.js";

export interface LinuxKernelOptions {
  /** Where sysfs is mounted. Default `/sys`. */
  readonly sysRoot?: string;
  /** Where procfs is mounted. Default `/proc`. */
  readonly procRoot?: string;
}

/** The kernel this process runs on, through sysfs and procfs. */
export class LinuxKernel implements Kernel {
  readonly #sysRoot: string;
  readonly #procRoot: string;
  readonly #writer = new BlockingWriter();

  constructor({ sysRoot = "/sys", procRoot = "/proc" }: LinuxKernelOptions = {}) {
    this.#sysRoot = sysRoot;
    this.#procRoot = procRoot;
  }

  async scan(): Promise<NodeSnapshot> {
    const [devices, defaultRouteInterfaces] = await Promise.all([
      this.#readDevices(),
      readDefaultRouteInterfaces(this.#procRoot),
    ]);
    return {
      physicalFunctions: devices.filter((device) => device !== undefined && "totalVfs" in device),
      defaultRouteInterfaces,
      interfaceAddresses: {},
      unreadable: devices.filter((device) => device !== undefined && "error" in device),
    };
  }

  async physicalFunction(address: PciAddress): Promise<PhysicalFunction | undefined> {
    return readPhysicalFunction(this.#sysRoot, parsePciAddress(address)).catch(ifAbsent(address, undefined));
  }

  async setNumVfs(address: PciAddress, count: number, { deadlineMs }: WriteOptions): Promise<void> {
    await this.#write(`${this.#pathOf(address)}/sriov_numvfs`, String(count), deadlineMs);
  }

  async setDriversAutoprobe(address: PciAddress, on: boolean, { deadlineMs }: WriteOptions): Promise<void> {
    await this.#write(`${this.#pathOf(address)}/sriov_drivers_autoprobe`, on ? "1" : "0", deadlineMs);
  }

  async bindDriver(address: PciAddress, driver: string | undefined, { deadlineMs }: WriteOptions): Promise<void> {
    const path = this.#pathOf(address);
    const bound = await readLinkName(`${path}/driver`);
    if (driver !== undefined && bound === driver) return;
    await this.#write(`${path}/driver_override`, `${driver ?? ""}\n`, deadlineMs);
    if (bound !== undefined) await this.#write(`${path}/driver/unbind`, address, deadlineMs);
    await this.#write(`${this.#sysRoot}/bus/pci/drivers_probe`, address, deadlineMs);
    if (driver !== undefined && (await readLinkName(`${path}/driver`)) !== driver) {
      throw new KernelError("ENODEV", `${path}/driver`, `bind to ${driver}`);
    }
  }

  async setInterfaceUp(address: PciAddress, interfaceName: string, { deadlineMs }: WriteOptions): Promise<void> {
    const path = `${this.#pathOf(address)}/net/${interfaceName}/flags`;
    const flags = Number(await readAttribute(path)) | IFF_UP;
    await this.#write(path, `0x${flags.toString(16)}`, deadlineMs);
  }

  async pciFunctions(): Promise<readonly ListedPciFunction[]> {
    const addresses = await listPciAddresses(this.#sysRoot);
    const functions = await mapBounded(addresses, DEVICES_AT_ONCE, (address) =>
      readListedPciFunction(this.#sysRoot, address).catch(() => undefined),
    );
    return functions.filter((found) => found !== undefined);
  }

  /** Ends the idle processes that write. The next write starts a new one. */
  close(): void {
    this.#writer.close();
  }

  #pathOf(address: PciAddress): string {
    return `${devicesPath(this.#sysRoot)}/${parsePciAddress(address)}`;
  }

  async #write(path: string, content: string, deadlineMs: number): Promise<void> {
    const errno = await this.#writer.write(path, content, deadlineMs);
    if (errno !== undefined) throw new KernelError(errno, path, `write ${content.trim()}`);
  }

  async #readDevices(): Promise<(PhysicalFunction | UnreadableDevice | undefined)[]> {
    const addresses = await listPciAddresses(this.#sysRoot);
    return mapBounded(addresses, DEVICES_AT_ONCE, (address) => this.#readDevice(address));
  }

  async #readDevice(address: PciAddress): Promise<PhysicalFunction | UnreadableDevice | undefined> {
    try {
      return await readPhysicalFunction(this.#sysRoot, address);
    } catch (error) {
      return { address, error: asKernelError(error, `${devicesPath(this.#sysRoot)}/${address}`) };
    }
  }
}

/** Enough to keep libuv's four threads busy. */
const DEVICES_AT_ONCE = 8;
