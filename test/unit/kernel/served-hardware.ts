import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import type { Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { SimulatedKernel } from "../../../lab/nodes/simulated/client.js";
import { defaultHardware } from "../../../lab/nodes/simulated/hardware.js";
import { SimulatedHardware } from "../../../lab/nodes/simulated/hardware-client.js";
import { SimulatedNode } from "../../../lab/nodes/simulated/node.js";
import { serve } from "../../../lab/nodes/simulated/server.js";
import { KernelError, parsePciAddress, type PhysicalFunction } from "../../../reconciler/kernel/kernel.js";

export const NIC = parsePciAddress("0000:04:00.0");
export const OTHER_NIC = parsePciAddress("0000:04:00.1");

/** Two simulated NICs, served at a socket by this process, and both ends of it. */
export class ServedHardware {
  readonly kernel: SimulatedKernel;
  readonly hardware: SimulatedHardware;

  private constructor(
    private readonly directory: string,
    readonly socketPath: string,
    private readonly server: Server,
  ) {
    this.kernel = new SimulatedKernel(socketPath);
    this.hardware = new SimulatedHardware(socketPath);
  }

  static async start(): Promise<ServedHardware> {
    const directory = await mkdtemp(join(tmpdir(), "simulated-node-"));
    const socketPath = join(directory, "kernel.sock");
    return new ServedHardware(directory, socketPath, await serve(new SimulatedNode(defaultHardware()), socketPath));
  }

  async stop(): Promise<void> {
    const closed = once(this.server, "close");
    this.server.close();
    this.kernel.close();
    this.hardware.close();
    await closed;
    await rm(this.directory, { recursive: true });
  }

  readonly write = (count: number, deadlineMs = 5000): Promise<void> =>
    this.kernel.setNumVfs(NIC, count, { deadlineMs });

  readonly read = async (address = NIC): Promise<PhysicalFunction> =>
    (await this.kernel.physicalFunction(address)) ?? expect.fail(`${address} is gone`);
}

/** The errno's name, or `ok`. */
export function errno(attempt: Promise<void>): Promise<string> {
  return attempt.then(
    () => "ok",
    (error: unknown) => (error instanceof KernelError ? error.code : String(error)),
  );
}
