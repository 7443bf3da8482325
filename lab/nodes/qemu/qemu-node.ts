import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { LabRun } from "../../processes/lab-run.js";
import { chooseAccelerator } from "./accelerator.js";
import { type BootedMachine, bootMachine } from "./boot.js";
import { type NicNumber, sriovNic } from "./command-line.js";
import type { ExecResult } from "./control-channel.js";
import { baseImage, guestImage, guestModules } from "./initramfs.js";
import { findQemuParts } from "./install.js";
import { modulesInOrder } from "./kernel-modules.js";
import { qemuCache, type QemuParts } from "./locate.js";
import type { QemuEvent } from "./qmp.js";

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
  /** Starts a process in the guest that stays, by that name. Its output goes to `<run.dir>/logs/<node>-<name>.log`. */
  start(name: string, command: readonly string[]): Promise<void>;
  /** Sends the process of that name a signal; resolves when it is gone, or was not there. */
  stopProcess(name: string, signal: Signal): Promise<void>;
  /** Starts the agent in the guest: `node <bundle> <args>`. Its output goes to `<run.dir>/logs/<name>-agent.log`. */
  startAgent(options: AgentStart): Promise<void>;
  /** Sends the agent a signal; resolves when the agent is gone, or was not there. */
  stopAgent(signal: Signal): Promise<void>;
  stop(): Promise<void>;
}

export type Signal = "SIGKILL" | "SIGTERM";

export interface AgentStart {
  readonly args: readonly string[];
  /** Of Node itself. */
  readonly nodeFlags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** A command that runs the agent's, such as `["unshare", "-m"]`; it must become the agent, not its parent. */
  readonly inside?: readonly string[];
}

export interface QemuNodeOptions {
  /** Host name in the guest, a DNS name in lower case, and unlike that of the run's other nodes. */
  readonly name: string;
  /** Path on the host of the agent, bundled into one JavaScript file; `/agent.js` in the guest. Default: there is none. */
  readonly agentBundle?: string;
  /** More files of the guest, by path. */
  readonly files?: Readonly<Record<string, string | Buffer>>;
  /** More kernel modules, by name, loaded after those that every node has. */
  readonly modules?: readonly string[];
  /**
   * Paths on the host of images of disks, `/dev/vda`, `/dev/vdb`, …: whole blocks of 512 bytes. What the guest writes
   * outlives its resets, and never gets there.
   */
  readonly disks?: readonly string[];
  /** Default 1024. */
  readonly memoryMiB?: number;
  /** Names of processes, beside the agent, whose output is kept. */
  readonly logs?: readonly string[];
  readonly log?: (line: string) => void;
  /** How long the guest may take to come up, in milliseconds. Default 180,000. */
  readonly deadlineMs?: number;
}

/**
 * Boots a node and waits until it takes commands. Fetches QEMU and a kernel first where they are not at hand.
 *
 * In the guest, the host's `127.0.0.1:<port>` is `10.0.2.2:<port>`.
 *
 * @throws Error where parts are missing and can't be fetched, or the guest does not come up: with the end of its console
 */
export async function startQemuNode(run: LabRun, options: QemuNodeOptions): Promise<QemuNode> {
  const { name, log = () => undefined, deadlineMs = 180_000 } = options;
  if (!/^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$/.test(name)) throw new TypeError(`not a name for a node: ${name}`);
  const parts = await findQemuParts(log);
  const accelerator = await chooseAccelerator(run, parts, qemuCache(), log);
  const dir = join(run.dir, name);
  mkdirSync(dir, { recursive: true });
  const initrd = join(dir, "initrd");
  const base = baseImage({ ...parts, modules: parts.kernel.modules }, join(qemuCache(), "images"));
  await guestImage(initrd, base, { ...guestFiles(options), ...moreModules(parts, options.modules ?? []) });

  const began = Date.now();
  const { disks, memoryMiB, logs = [] } = options;
  const machine = await bootMachine(run, {
    ...{ name, parts, accelerator, initrd, dir, deadlineMs },
    machine: { ...(disks !== undefined && { disks }), ...(memoryMiB !== undefined && { memoryMiB }) },
    logs: ["agent", ...logs],
  });
  rmSync(initrd); // QEMU has read it.
  log(`Node ${name} is up (${accelerator}, ${((Date.now() - began) / 1000).toFixed(1)} s).`);
  return new RunningNode(name, machine);
}

function guestFiles({ agentBundle, files = {}, name }: QemuNodeOptions): Record<string, string | Buffer> {
  return {
    "/etc/hosts": `127.0.0.1 localhost\n127.0.1.1 ${name}\n`,
    "/etc/passwd": "root:x:0:0:root:/root:/bin/sh\n",
    ...(agentBundle !== undefined && { "/agent.js": readFileSync(agentBundle) }),
    ...files,
  };
}

/** In the folder that the boot loads in the order of names, behind the base image's, whose names begin with a digit. */
function moreModules({ kernel, busybox }: QemuParts, names: readonly string[]): Record<string, Buffer> {
  const loaded = new Set(modulesInOrder(kernel.modules, guestModules, busybox).map(({ name }) => name));
  const more = modulesInOrder(kernel.modules, names, busybox).filter(({ name }) => !loaded.has(name));
  const place = (name: string, index: number) => `/etc/lab/modules/z${String(index).padStart(2, "0")}-${name}.ko`;
  return Object.fromEntries(more.map(({ name, image }, index) => [place(name, index), image]));
}

class RunningNode implements QemuNode {
  constructor(
    readonly name: string,
    private readonly machine: BootedMachine,
  ) {}

  exec(command: string): Promise<ExecResult> {
    return this.machine.control.exec(command);
  }

  async read(path: string): Promise<string> {
    return (await this.#must(`cat ${quoted(path)}`)).trim();
  }

  monitor(command: string): Promise<string> {
    return this.machine.monitor.human(command);
  }

  async unplug(nic: NicNumber): Promise<void> {
    const device = `nic${nic}`;
    const isGone = ({ name, data }: QemuEvent) => name === "DEVICE_DELETED" && data["device"] === device;
    await this.machine.monitor.executeUntil(isGone, "device_del", { id: device });
  }

  async plug(nic: NicNumber): Promise<void> {
    await this.machine.monitor.execute("device_add", sriovNic(this.name, nic));
  }

  async reset(): Promise<void> {
    this.machine.control.reset();
    await this.machine.monitor.execute("system_reset");
    await this.machine.control.untilReady();
  }

  async startAgent({ args, nodeFlags = [], env = {}, inside = [] }: AgentStart): Promise<void> {
    const variables = Object.entries(env).map(([key, value]) => `${key}=${value}`);
    await this.start("agent", ["env", ...variables, ...inside, "node", ...nodeFlags, "/agent.js", ...args]);
  }

  stopAgent(signal: Signal): Promise<void> {
    return this.stopProcess("agent", signal);
  }

  async start(name: string, command: readonly string[]): Promise<void> {
    await this.#must(["/etc/lab/start", name, ...command].map(quoted).join(" "));
  }

  async stopProcess(name: string, signal: Signal): Promise<void> {
    await this.#must(`/etc/lab/stop ${name} ${signal.replace("SIG", "")}`);
  }

  stop(): Promise<void> {
    return this.machine.process.stop();
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
