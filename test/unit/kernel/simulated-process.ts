import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { HardwareSpec } from "../../../lab/nodes/simulated/hardware.js";

/** A simulated node's process, for the time of a test. */
export class SimulatedProcess {
  private constructor(
    readonly socketPath: string,
    readonly child: ChildProcess,
    private readonly directory: string,
  ) {}

  static async start(hardware?: HardwareSpec): Promise<SimulatedProcess> {
    const directory = await mkdtemp(join(tmpdir(), "simulated-node-"));
    const socketPath = join(directory, "kernel.sock");
    const file = join(directory, "hardware.json");
    if (hardware) await writeFile(file, JSON.stringify(hardware));
    const child = spawnSimulatedNode(["--socket", socketPath, ...(hardware ? ["--hardware", file] : [])]);
    const [line] = (await once(child.stdout ?? child, "data")) as [Buffer];
    if (line.toString() !== "ready\n") throw new Error(`the simulated node said ${JSON.stringify(line.toString())}`);
    return new SimulatedProcess(socketPath, child, directory);
  }

  /** Resolves with its exit code. */
  async end(signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const exited = once(this.child, "exit");
      this.child.kill(signal);
      await exited;
    }
    return this.child.exitCode;
  }

  async remove(): Promise<void> {
    await this.end();
    await rm(this.directory, { recursive: true, force: true });
  }
}

export function spawnSimulatedNode(parameters: readonly string[]): ChildProcess {
  const main = resolve(__dirname, "../../../lab/nodes/simulated/main.js");
  return spawn(process.execPath, [main, ...parameters], { stdio: ["ignore", "pipe", "pipe"] });
}
