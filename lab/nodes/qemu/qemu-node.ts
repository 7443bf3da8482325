import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describeExit, type LabProcess, type LabRun } from "../../processes/lab-run.js";
import { chooseAccelerator } from "./accelerator.js";
import { machineArguments, type NicNumber, sriovNic } from "./command-line.js";
import { ControlChannel, type ExecResult } from "./control-channel.js";
import { baseImage, guestImage } from "./initramfs.js";
import { findQemuParts } from "./install.js";
import { qemuCache, type QemuParts } from "./locate.js";
import { type QemuEvent, QemuMonitor } from "./qmp.js";
import { connectSoon } from "./unix-socket.js";

/** A node with a real Linux kernel and two NICs that have SR-IOV, in an emulated machine. */
export interface QemuNode {
  readonly name: string;
  /** Runs a shell command in the guest. Rejects when the guest is reset or ends before the command does. */
  exec(command: string): Promise<ExecResult>;
  /** A file of the guest, trimmed. */
  read(path: string): Promise<string>;
  /** Runs a command of QEMU's human monitor, such as `info pci`, and returns what it prints. */
  monitor(command: string): Promise<string>;
  /** Takes a NIC out of the running guest. Resolves when guest and machine have let go of it. */
  unplug(nic: NicNumber): Promise<void>;
  /** Puts a NIC back into its slot. The guest finds it a moment later, under an interface name of the kernel's choice. */
  plug(nic: NicNumber): Promise<void>;
  /** Power-cycles the guest, agent and all. Resolves when it takes commands again. */
  reset(): Promise<void>;
  /** Starts the agent in the guest: `node <bundle> <args>`. Its output goes to `<run.dir>/logs/<name>-agent.log`. */
  startAgent(options: { args: readonly string[]; env?: Readonly<Record<string, string>> }): Promise<void>;
  /** Sends the agent a signal; resolves when the agent is gone, or was not there. */
  stopAgent(signal: "SIGKILL" | "SIGTERM"): Promise<void>;
  stop(): Promise<void>;
}

export interface QemuNodeOptions {
  /** Host name in the guest; of lower-case letters, digits and dashes, and unlike that of the run's other nodes. */
  readonly name: string;
  /** Path on the host of the agent, bundled into one JavaScript file; `/agent.js` in the guest. */
  readonly agentBundle: string;
  /** More files of the guest, by path. */
  readonly files?: Readonly<Record<string, string>>;
  readonly log?: (line: string) => void;
  /** How long the guest may take to come up, in milliseconds. Default 180,000. */
  readonly deadlineMs?: number;
}

/**
 * Boots a node and waits until it takes commands. Fetches QEMU and a kernel first where they are not at hand.
 *
 * In the guest, the host's `127.0.0.1:<port>` is `10.0.2.2:<port>`.
 */
export async function startQemuNode(run: LabRun, options: QemuNodeOptions): Promise<QemuNode> {
  const { name, log = () => undefined, deadlineMs = 180_000 } = options;
  const parts = await findQemuParts(log);
  const accelerator = await chooseAccelerator(run, parts, qemuCache(), log);
  const dir = join(run.dir, name);
  mkdirSync(dir, { recursive: true });
  const initrd = join(dir, "initrd");
  const base = baseImage({ busybox: parts.busybox, modules: parts.kernel.modules }, join(qemuCache(), "images"));
  await guestImage(initrd, base, guestFiles(options));

  const began = Date.now();
  const args = machineArguments({
    ...{ name, accelerator, kernel: parts.kernel.image, initrd },
    ...{ consoleLog: `../logs/${name}-console.log`, agentLog: `../logs/${name}-agent.log` },
    ...{ controlSocket: "control", monitorSocket: "monitor" },
  });
  const machine = spawnMachine(run, parts, name, args, dir);
  const consoleLog = join(run.dir, "logs", `${name}-console.log`);
  const { control, monitor } = await untilReady(machine, dir, name, consoleLog, deadlineMs);
  rmSync(initrd); // QEMU has read it.
  log(`Node ${name} is up (${accelerator}, ${((Date.now() - began) / 1000).toFixed(1)} s).`);
  return new RunningNode(name, machine, control, monitor);
}

function guestFiles({ agentBundle, files = {}, name }: QemuNodeOptions): Record<string, string | Buffer> {
  return {
    "/etc/hosts": `127.0.0.1 localhost\n127.0.1.1 ${name}\n`,
    "/etc/passwd": "root:x:0:0:root:/root:/bin/sh\n",
    "/agent.js": readFileSync(agentBundle),
    ...files,
  };
}

function spawnMachine(
  run: LabRun,
  { qemu }: QemuParts,
  name: string,
  args: readonly string[],
  dir: string,
): LabProcess {
  const env = { ...process.env, ...qemu.env };
  return run.spawn(`${name}-qemu`, qemu.executable, [...qemu.args, ...args], { env, cwd: dir });
}

interface Lines {
  readonly control: ControlChannel;
  readonly monitor: QemuMonitor;
}

async function untilReady(machine: LabProcess, dir: string, name: string, consoleLog: string, deadlineMs: number) {
  const giveUp = new AbortController();
  const deadline = setTimeout(
    () => giveUp.abort(new Error(`did not come up within ${deadlineMs / 1000} s`)),
    deadlineMs,
  );
  const ended = machine.exited.then((exit) => giveUp.abort(new Error(describeExit(machine, exit))));
  const aborted = new Promise<never>((_, reject) => {
    giveUp.signal.addEventListener("abort", () => reject(giveUp.signal.reason as Error), { once: true });
  });
  aborted.catch(() => undefined);
  try {
    return await Promise.race([openLines(dir, name, giveUp.signal), aborted]);
  } catch (error) {
    await machine.stop(0);
    await ended;
    const reason = giveUp.signal.aborted ? (giveUp.signal.reason as Error).message : String(error);
    throw new Error(`QEMU node ${name}: ${reason}\nThe end of ${consoleLog}:\n${lastLines(consoleLog)}`, {
      cause: error,
    });
  } finally {
    clearTimeout(deadline);
  }
}

async function openLines(dir: string, name: string, signal: AbortSignal): Promise<Lines> {
  const control = new ControlChannel(await connectSoon(join(dir, "control"), signal), name);
  const monitor = new QemuMonitor(await connectSoon(join(dir, "monitor"), signal), (event) => {
    if (event.name === "RESET") control.reset();
  });
  await control.untilReady();
  return { control, monitor };
}

function lastLines(path: string): string {
  try {
    return readFileSync(path, "utf8").trimEnd().split("\n").slice(-15).join("\n");
  } catch {
    return "(nothing was written)";
  }
}

class RunningNode implements QemuNode {
  constructor(
    readonly name: string,
    private readonly machine: LabProcess,
    private readonly control: ControlChannel,
    private readonly qemu: QemuMonitor,
  ) {}

  exec(command: string): Promise<ExecResult> {
    return this.control.exec(command);
  }

  async read(path: string): Promise<string> {
    return (await this.#must(`cat ${quoted(path)}`)).trim();
  }

  monitor(command: string): Promise<string> {
    return this.qemu.human(command);
  }

  async unplug(nic: NicNumber): Promise<void> {
    const device = `nic${nic}`;
    const isGone = ({ name, data }: QemuEvent) => name === "DEVICE_DELETED" && data["device"] === device;
    await this.qemu.executeUntil(isGone, "device_del", { id: device });
  }

  async plug(nic: NicNumber): Promise<void> {
    await this.qemu.execute("device_add", sriovNic(this.name, nic));
  }

  async reset(): Promise<void> {
    this.control.reset();
    await this.qemu.execute("system_reset");
    await this.control.untilReady();
  }

  async startAgent({ args, env = {} }: Parameters<QemuNode["startAgent"]>[0]): Promise<void> {
    const variables = Object.entries(env).map(([key, value]) => `${key}=${value}`);
    await this.#must(["env", ...variables, "/etc/lab/start-agent", ...args].map(quoted).join(" "));
  }

  async stopAgent(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    await this.#must(`/etc/lab/stop-agent ${signal.replace("SIG", "")}`);
  }

  stop(): Promise<void> {
    return this.machine.stop();
  }

  async #must(command: string): Promise<string> {
    const { code, stdout, stderr } = await this.exec(command);
    if (code !== 0) throw new Error(`on node ${this.name}, ${command} ended with status ${code}: ${stderr.trim()}`);
    return stdout;
  }
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
