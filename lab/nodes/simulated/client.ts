import {
  KernelError,
  parsePciAddress,
  type Kernel,
  type NodeSnapshot,
  type PciAddress,
  type ListedPciFunction,
  type PhysicalFunction,
  type WriteOptions,
} from "../../../reconciler/kernel/kernel.js";
import { Connection } from "./connection.js";
import { numVfsPath } from "./numvfs-writes.js";
import { type Method, reviveSnapshot } from "./protocol.js";

/** The kernel of a simulated node that another process serves at `socketPath`. */
export class SimulatedKernel implements Kernel {
  readonly #connection: Connection;

  constructor(socketPath: string) {
    this.#connection = new Connection(socketPath);
  }

  async scan(): Promise<NodeSnapshot> {
    return reviveSnapshot((await this.#connection.request("scan", [])) as NodeSnapshot);
  }

  async physicalFunction(address: PciAddress): Promise<PhysicalFunction | undefined> {
    const found = await this.#connection.request("physicalFunction", [parsePciAddress(address)]);
    return found as PhysicalFunction | undefined;
  }

  async setNumVfs(address: PciAddress, count: number, { deadlineMs }: WriteOptions): Promise<void> {
    const late = new KernelError("ETIMEDOUT", numVfsPath(parsePciAddress(address)), `write ${count}`);
    await this.#write("setNumVfs", [address, count], late, deadlineMs);
  }

  async setDriversAutoprobe(address: PciAddress, on: boolean, { deadlineMs }: WriteOptions): Promise<void> {
    const late = new KernelError("ETIMEDOUT", `${devicePath(address)}/sriov_drivers_autoprobe`, `write ${on ? 1 : 0}`);
    await this.#write("setDriversAutoprobe", [address, on], late, deadlineMs);
  }

  async bindDriver(address: PciAddress, driver: string | undefined, { deadlineMs }: WriteOptions): Promise<void> {
    const late = new KernelError("ETIMEDOUT", `${devicePath(address)}/driver`, `bind to ${driver ?? "its driver"}`);
    await this.#write("bindDriver", [address, driver], late, deadlineMs);
  }

  async setInterfaceUp(address: PciAddress, interfaceName: string, { deadlineMs }: WriteOptions): Promise<void> {
    const late = new KernelError("ETIMEDOUT", `${devicePath(address)}/net/${interfaceName}/flags`, "write");
    await this.#write("setInterfaceUp", [address, interfaceName], late, deadlineMs);
  }

  async pciFunctions(): Promise<readonly ListedPciFunction[]> {
    return (await this.#connection.request("pciFunctions", [])) as readonly ListedPciFunction[];
  }

  /** The next call connects again. */
  close(): void {
    this.#connection.close();
  }

  async #write(method: Method, params: readonly unknown[], late: KernelError, deadlineMs: number): Promise<void> {
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(late), deadlineMs);
    try {
      await this.#connection.request(method, params, deadline.signal);
    } finally {
      clearTimeout(timer);
    }
  }
}

function devicePath(address: PciAddress): string {
  return `/sys/bus/pci/devices/${parsePciAddress(address)}`;
}
