import {
  KernelError,
  parsePciAddress,
  type Kernel,
  type NodeSnapshot,
  type PciAddress,
  type PhysicalFunction,
} from "../../../reconciler/kernel/kernel.js";
import { Connection } from "./connection.js";
import { numVfsPath } from "./numvfs-writes.js";
import { reviveSnapshot } from "./protocol.js";

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

  async setNumVfs(address: PciAddress, count: number, { deadlineMs }: { readonly deadlineMs: number }): Promise<void> {
    const deadline = new AbortController();
    const late = new KernelError("ETIMEDOUT", numVfsPath(parsePciAddress(address)), `write ${count}`);
    const timer = setTimeout(() => deadline.abort(late), deadlineMs);
    try {
      await this.#connection.request("setNumVfs", [address, count], deadline.signal);
    } finally {
      clearTimeout(timer);
    }
  }

  /** The next call connects again. */
  close(): void {
    this.#connection.close();
  }
}
