import { KernelError, type PciAddress } from "../../../reconciler/kernel/kernel.js";
import { devicePath, type Drivers } from "./drivers.js";
import type { NodeModel } from "./model.js";
import type { Nic } from "./nic.js";
import { Signal } from "./signal.js";
import type { Timing } from "./timing.js";

/** A write to `sriov_numvfs` that the hardware saw. */
export interface WriteRecord {
  readonly address: PciAddress;
  readonly count: number;
  /** `agent` for one through the kernel interface, `hand` for one by somebody else. */
  readonly by: "agent" | "hand";
  /** `pending` until it has returned, then `ok` or the errno's name. */
  readonly result: string;
}

/** Writes to `sriov_numvfs` of a {@link NodeModel}: those that block, devices that hang, names that come late. */
export class NumVfsWrites {
  #log: { -readonly [K in keyof WriteRecord]: WriteRecord[K] }[] = [];
  readonly #failures = new Map<PciAddress, string[]>();
  readonly #hangs = new Map<PciAddress, Signal>();
  readonly #locks = new WeakMap<Nic, Promise<void>>();
  readonly #removals = new WeakMap<Nic, Signal>();
  #arrival = new Signal();

  constructor(
    private readonly model: NodeModel,
    private readonly drivers: Drivers,
    private readonly timing: Timing,
  ) {}

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
    if (this.timing.delays.name === 0) return;
    const named = nic.ports;
    const provisional = named.map((port) => ({ ...port, name: this.model.kernelName() }));
    nic.ports = provisional;
    this.timing.after("name", () => {
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
    await this.timing.pass(change.kind);
    if (change.kind === "create") this.#createVfs(nic, change.count);
    else nic.removeVfs();
    return undefined;
  }

  #createVfs(nic: Nic, count: number): void {
    const created = nic.createVfs(count);
    this.timing.after("driver", () => {
      if (nic.vfs === created) for (const vf of created) this.drivers.probe(nic, vf);
    });
  }

  #removalOf(nic: Nic): Signal {
    const removal = this.#removals.get(nic) ?? new Signal();
    this.#removals.set(nic, removal);
    return removal;
  }
}

export function numVfsPath(address: PciAddress): string {
  return `${devicePath(address)}/sriov_numvfs`;
}
