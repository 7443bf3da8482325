import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describeExit, type LabProcess, type LabRun } from "../../processes/lab-run.js";
import type { Accelerator } from "./accelerator.js";
import { type MachineOptions, machineArguments } from "./command-line.js";
import { ControlChannel } from "./control-channel.js";
import type { QemuParts } from "./locate.js";
import { QemuMonitor } from "./qmp.js";
import { connectSoon } from "./unix-socket.js";

export interface BootOptions {
  readonly name: string;
  readonly parts: QemuParts;
  readonly accelerator: Accelerator;
  readonly initrd: string;
  readonly machine: Pick<MachineOptions, "disks" | "memoryMiB">;
  /** Names of the guest's logs, each for a file `<run.dir>/logs/<name of the node>-<name of the log>.log`. */
  readonly logs: readonly string[];
  /** QEMU's working directory, beside the run's `logs`; its sockets are made there. */
  readonly dir: string;
  readonly deadlineMs: number;
}

/** A machine whose guest takes commands. */
export interface BootedMachine {
  readonly process: LabProcess;
  readonly control: ControlChannel;
  readonly monitor: QemuMonitor;
}

/**
 * Starts QEMU and waits until the guest takes commands.
 *
 * @throws Error where QEMU ends or the deadline passes before that; with the end of the guest's console
 */
export async function bootMachine(run: LabRun, options: BootOptions): Promise<BootedMachine> {
  const { name, parts, dir, deadlineMs } = options;
  const process = startQemu(run, options);
  const giveUp = new AbortController();
  const late = new Error(`did not come up within ${deadlineMs / 1000} s`);
  const deadline = setTimeout(() => giveUp.abort(late), deadlineMs);
  try {
    const lines = await Promise.race([openLines(name, dir, giveUp.signal), ended(process), aborted(giveUp.signal)]);
    return { process, ...lines };
  } catch (error) {
    giveUp.abort(error);
    const reason = error instanceof Error ? error.message : String(error);
    await process.stop(0);
    const console = join(run.dir, "logs", `${name}-console.log`);
    throw new Error(
      `QEMU node ${name} (${parts.qemu.executable}): ${reason}\nThe end of ${console}:\n${lastLines(console)}`,
      { cause: error },
    );
  } finally {
    clearTimeout(deadline);
  }
}

function startQemu(run: LabRun, options: BootOptions): LabProcess {
  const { name, parts, accelerator, initrd, machine, logs, dir } = options;
  const { qemu, kernel } = parts;
  const args = machineArguments({
    ...{ name, accelerator, kernel: kernel.image, initrd },
    consoleLog: `../logs/${name}-console.log`,
    logs: Object.fromEntries(logs.map((log) => [log, `../logs/${name}-${log}.log`])),
    ...{ controlSocket: "control", monitorSocket: "monitor" },
    ...machine,
  });
  // A disk's writes are kept in a file there.
  const env = { ...process.env, ...qemu.env, TMPDIR: dir };
  return run.spawn(`${name}-qemu`, qemu.executable, [...qemu.args, ...args], { env, cwd: dir });
}

async function openLines(name: string, dir: string, signal: AbortSignal) {
  const control = new ControlChannel(await connectSoon(join(dir, "control"), signal), name);
  const monitor = new QemuMonitor(await connectSoon(join(dir, "monitor"), signal), (event) => {
    if (event.name === "RESET") control.reset();
  });
  await control.untilReady();
  return { control, monitor };
}

async function ended(process: LabProcess): Promise<never> {
  throw new Error(describeExit(process, await process.exited));
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
  });
}

function lastLines(path: string): string {
  try {
    return readFileSync(path, "utf8").trimEnd().split("\n").slice(-15).join("\n");
  } catch {
    return "(nothing was written)";
  }
}
