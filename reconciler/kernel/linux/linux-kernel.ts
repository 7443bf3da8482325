import {
  KernelError,
  parsePciAddress,
  type Kernel,
  type NodeSnapshot,
  type PciAddress,
  type PhysicalFunction,
  type UnreadableDevice,
} from "../kernel.js";
import { mapBounded } from "./bounded.js";
import { BlockingWriter } from "./blocking-writer.js";
import { readDefaultRouteInterfaces } from "./default-routes.js";
import { devicesPath, listPciAddresses, readPhysicalFunction } from "./physical-functions.js";
import { asKernelError, ifAbsent } from "./sysfs.js";

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
      unreadable: devices.filter((device) => device !== undefined && "error" in device),
    };
  }

  async physicalFunction(address: PciAddress): Promise<PhysicalFunction | undefined> {
    return readPhysicalFunction(this.#sysRoot, parsePciAddress(address)).catch(ifAbsent(address, undefined));
  }

  async setNumVfs(address: PciAddress, count: number, { deadlineMs }: { readonly deadlineMs: number }): Promise<void> {
    const path = `${devicesPath(this.#sysRoot)}/${parsePciAddress(address)}/sriov_numvfs`;
    const errno = await this.#writer.write(path, String(count), deadlineMs);
    if (errno !== undefined) throw new KernelError(errno, path, `write ${count}`);
  }

  /** Ends the idle processes that write. The next write starts a new one. */
  close(): void {
    this.#writer.close();
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
