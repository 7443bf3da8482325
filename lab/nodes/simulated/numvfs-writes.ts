import { setTimeout as sleep } from "node:timers/promises";
import { KernelError, type PciAddress } from "../../../reconciler/kernel/kernel.js";
import type { NodeModel } from "./model.js";
import type { Nic } from "./nic.js";

/** Milliseconds; all 0 at the start. */
export interface Delays {
  /** How long a write that creates VFs blocks. */
  readonly create: number;
  /** How long a write that removes them blocks. */
  readonly remove: number;
  /** From a VF's creation until its driver is bound. At 0 it is when the write returns. */
  readonly driver: number;
  /** From its driver until its interface has its final name; it has one of the kernel's before. */
  readonly name: number;
}

/** A write to `sriov_numvfs` that the hardware saw. */
export interface WriteRecord {
  readonly address: PciAddress;
  readonly count: number;
  /** `agent` for one through the kernel interface, `hand` for one by somebody else. */
  readonly by: "agent" | "hand";
  /** `pending` until it has returned, then `ok` or the errno's name. */
  readonly result: string;
}

/** The passing of time in the life of a {@link NodeModel}: writes that block, devices that hang, names that come late. */
export class NumVfsWrites {
  delays: Delays = { create: 0, remove: 0, driver: 0, name: 0 };
  #log: { -readonly [K in keyof WriteRecord]: WriteRecord[K] }[] = [];
  readonly #failures = new Map<PciAddress, string[]>();
  readonly #hangs = new Map<PciAddress, Signal>();
  readonly #locks = new WeakMap<Nic, Promise<void>>();
  readonly #removals = new WeakMap<Nic, Signal>();
  #arrival = new Signal();

  constructor(private readonly model: NodeModel) {}

  /** In the order in which they came in. */
  get log(): readonly WriteRecord[] {
    return this.#log.map((record) => ({ ...record }));
  }

  clearLog(): void {
    this.#log = [];
  }

  /** Resolves once the log has at least `count` writes, returned or not. */
  async reach(count: number): Promise<void> {
    while (this.#log.length < count) await this.#arrival.raised;
  }

  /** The next write to `address` answers `code` and changes nothing. Repeated calls queue up. */
  failNext(address: PciAddress, code: string): void {
    this.#failures.set(address, [...(this.#failures.get(address) ?? []), code]);
  }

  /** While `hanging`, writes to `address` hold the device's lock and don't return. */
  hang(address: PciAddress, hanging: boolean): void {
    if (!hanging) this.#hangs.get(address)?.raise();
    if (!hanging) this.#hangs.delete(address);
    else if (!this.#hangs.has(address)) this.#hangs.set(address, new Signal());
  }

  /** Writes under way on `nic` answer ENODEV: the device is gone. */
  interrupt(nic: Nic): void {
    this.#removalOf(nic).raise();
  }

  /** @throws {KernelError} */
  async write(address: PciAddress, count: number, by: WriteRecord["by"]): Promise<void> {
    const record = { address, count, by, result: "pending" };
    this.#log.push(record);
    this.#arrival.raise();
    this.#arrival = new Signal();

    const errno = await this.#write(address, count);
    record.result = errno ?? "ok";
    if (errno !== undefined) throw new KernelError(errno, numVfsPath(address), `write ${count}`);
  }

  /** The interfaces of `nic` have names of the kernel's until the delay has passed. */
  nameLate(nic: Nic): void {
    if (this.delays.name === 0) return;
    const named = nic.ports;
    const provisional = named.map((port) => ({ ...port, name: this.model.kernelName() }));
    nic.ports = provisional;
    after(this.delays.name, () => {
      if (nic.ports === provisional) nic.ports = named;
    });
  }

  async #write(address: PciAddress, count: number): Promise<string | undefined> {
    const nic = this.model.find(address);
    if (!nic) return "ENOENT";
    const failure = this.#failures.get(address)?.shift();
    if (failure !== undefined) return failure;
    const refusal = nic.refuseCount(count);
    if (refusal !== undefined) return refusal;

    const before = this.#locks.get(nic) ?? Promise.resolve();
    const change = before.then(() => Promise.race([this.#change(nic, count), this.#removalOf(nic).raised]));
    this.#locks.set(
      nic,
      change.then(() => undefined),
    );
    const errno = await change;
    return this.model.find(address) === nic ? errno : "ENODEV";
  }

  /** One at a time for each device. */
  async #change(nic: Nic, count: number): Promise<string | undefined> {
    await this.#hangs.get(nic.address)?.raised;
    const change = nic.judge(count, this.model.inUsePolicy);
    if (typeof change === "string") return change;
    if (change.kind === "nothing") return undefined;
    await pause(change.kind === "create" ? this.delays.create : this.delays.remove);
    if (change.kind === "create") this.#createVfs(nic, change.count);
    else nic.removeVfs();
    return undefined;
  }

  #createVfs(nic: Nic, count: number): void {
    const { driver, name } = this.delays;
    const created = nic.createVfs(count);
    const later = (milliseconds: number, step: () => void): void =>
      after(milliseconds, () => {
        if (nic.vfs === created) step();
      });
    later(driver, () => {
      nic.bindVfs(this.model.kernelName);
      later(name, () => nic.nameVfs());
    });
  }

  #removalOf(nic: Nic): Signal {
    const removal = this.#removals.get(nic) ?? new Signal();
    this.#removals.set(nic, removal);
    return removal;
  }
}

export function numVfsPath(address: PciAddress): string {
  return `/sys/bus/pci/devices/${address}/sriov_numvfs`;
}

/** Without a delay, no turn of the event loop either: the simulation's own time is not to show in a measurement. */
async function pause(milliseconds: number): Promise<void> {
  if (milliseconds > 0) await sleep(milliseconds);
}

function after(milliseconds: number, step: () => void): void {
  if (milliseconds > 0) setTimeout(step, milliseconds).unref();
  else step();
}

/** Something that happens once. */
class Signal {
  raise: () => void = () => undefined;
  readonly raised = new Promise<undefined>((resolve) => {
    this.raise = () => resolve(undefined);
  });
}
