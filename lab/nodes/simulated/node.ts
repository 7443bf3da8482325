import {
  KernelError,
  parseDriverName,
  parseInterfaceName,
  parsePciAddress,
  type BindOptions,
  type Kernel,
  type ListedPciFunction,
  type NodeSnapshot,
  type PciAddress,
  type PciFunctionDetail,
  type PhysicalFunction,
  type WriteOptions,
} from "../../../reconciler/kernel/kernel.js";
import type { HardwareControl, HardwareState } from "./control.js";
import { devicePath, Drivers } from "./drivers.js";
import type { FunctionSpec, HardwareSpec, NicSpec } from "./hardware.js";
import { isElsewhere, NodeModel } from "./model.js";
import { Nic, type InUsePolicy } from "./nic.js";
import { numVfsPath, NumVfsWrites, type WriteRecord } from "./numvfs-writes.js";
import { Signal } from "./signal.js";
import { Timing, withinDeadline, type Delays } from "./timing.js";

/** A whole simulated node in this process: what its kernel answers, and the hands that reach into its case. */
export class SimulatedNode implements Local<Kernel & HardwareControl> {
  readonly #timing = new Timing();
  readonly #model: NodeModel;
  readonly #drivers: Drivers;
  readonly #writes: NumVfsWrites;

  constructor(spec: HardwareSpec) {
    this.#model = new NodeModel(spec);
    this.#drivers = new Drivers(this.#model, this.#timing, spec);
    this.#writes = new NumVfsWrites(this.#model, this.#drivers, this.#timing);
  }

  scan(): NodeSnapshot {
    return this.#model.snapshot();
  }

  physicalFunction(address: PciAddress): PhysicalFunction | undefined {
    return this.#model.physicalFunction(parsePciAddress(address));
  }

  async setNumVfs(address: PciAddress, count: number, options: Deadline = {}): Promise<void> {
    const late = new KernelError("ETIMEDOUT", numVfsPath(parsePciAddress(address)), `write ${count}`);
    await withinDeadline(this.#writes.write(address, count, "agent"), options.deadlineMs, late);
  }

  setDriversAutoprobe(address: PciAddress, on: boolean): void {
    const nic = this.#model.find(parsePciAddress(address));
    if (!nic) throw new KernelError("ENOENT", `${devicePath(address)}/sriov_drivers_autoprobe`, `write ${on ? 1 : 0}`);
    nic.driversAutoprobe = on;
  }

  async bindDriver(address: PciAddress, driver: string | undefined, options: Partial<BindOptions> = {}): Promise<void> {
    parsePciAddress(address);
    const late = new KernelError("ETIMEDOUT", `${devicePath(address)}/driver/unbind`, `write ${address}`);
    const binding =
      driver === undefined
        ? this.#drivers.release(address, options.takeFrom)
        : this.#drivers.bind(address, parseDriverName(driver));
    await withinDeadline(binding, options.deadlineMs, late);
  }

  setInterfaceUp(address: PciAddress, interfaceName: string): void {
    const path = `${devicePath(parsePciAddress(address))}/net/${parseInterfaceName(interfaceName)}/flags`;
    const target = this.#model.functionAt(address)?.target;
    const port = target?.ports.find((candidate) => candidate.name === interfaceName);
    if (!target || !port || isElsewhere(target)) throw new KernelError("ENOENT", path, "read");
    target.ports = target.ports.map((it) => (it === port && !port.up ? { ...port, up: true, linkState: "up" } : it));
  }

  setMtu(address: PciAddress, interfaceName: string, mtu: number): void {
    const path = `${devicePath(parsePciAddress(address))}/net/${parseInterfaceName(interfaceName)}/mtu`;
    const { owner, target } = this.#model.functionAt(address) ?? {};
    const port = target?.ports.find((candidate) => candidate.name === interfaceName);
    if (!owner || !target || !port || isElsewhere(target)) throw new KernelError("ENOENT", path, `write ${mtu}`);
    const refusal = owner.refuseMtu(mtu);
    if (refusal !== undefined) throw new KernelError(refusal, path, `write ${mtu}`);
    target.ports = target.ports.map((it) => (it === port ? { ...port, mtu } : it));
  }

  pciFunctions(): readonly ListedPciFunction[] {
    return this.#model.pciFunctions();
  }

  pciFunction(address: PciAddress): PciFunctionDetail | undefined {
    return this.#model.pciFunction(parsePciAddress(address));
  }

  hasVfioGroup(iommuGroup: string): boolean {
    return this.pciFunctions().some((it) => it.iommuGroup === iommuGroup && it.driver === "vfio-pci");
  }

  loadDriver(driver: string): void {
    this.#drivers.load(parseDriverName(driver));
  }

  async setNumVfsByHand(address: string, count: number): Promise<void> {
    await this.#writes.write(parsePciAddress(address), count, "hand");
  }

  hardwareState(): HardwareState {
    const functions = [...this.#model.nics.flatMap((nic) => [nic, ...nic.vfs]), ...this.#model.plainFunctions];
    return {
      snapshot: this.#model.snapshot(),
      inUse: functions.filter((it) => it.inUse !== undefined).map((it) => it.address),
      inUsePolicy: this.#model.inUsePolicy,
      delays: this.#timing.delays,
    };
  }

  setInUse(address: string, inUse: boolean): void {
    const { target } = this.#model.targetAt(parsePciAddress(address));
    target.inUse?.raise();
    target.inUse = inUse ? new Signal() : undefined;
  }

  setInUsePolicy(policy: InUsePolicy): void {
    this.#model.inUsePolicy = policy;
  }

  setDelays(delays: Partial<Delays>): void {
    this.#timing.delays = { ...this.#timing.delays, ...delays };
  }

  failNext(address: string, code: string): void {
    this.#writes.failNext(this.#model.nicAt(parsePciAddress(address)).address, code);
  }

  hang(address: string, hanging: boolean): void {
    this.#writes.hang(this.#model.nicAt(parsePciAddress(address)).address, hanging);
  }

  setUnreadable(address: string, code: string | undefined): void {
    this.#model.deviceAt(parsePciAddress(address)).unreadable = code;
  }

  setEnableLimit(address: string, limit: number | undefined): void {
    this.#model.nicAt(parsePciAddress(address)).enableLimit = limit;
  }

  plug(spec: NicSpec): void {
    this.#writes.nameLate(this.#model.plug(spec));
  }

  plugFunction(spec: FunctionSpec): void {
    this.#model.plugFunction(spec);
  }

  unplug(address: string): void {
    const device = this.#model.deviceAt(parsePciAddress(address));
    if (device instanceof Nic) this.#writes.interrupt(this.#model.unplug(device.address));
    else this.#model.unplugFunction(device.address);
  }

  reboot(): void {
    this.#drivers.reboot();
    const plain = this.#model.plainFunctions;
    for (const { address } of plain) this.#model.unplugFunction(address);
    for (const { address, spec } of this.#model.nics) {
      this.unplug(address);
      this.#writes.hang(address, false);
      this.plug(spec);
    }
    for (const { spec, mounts } of plain) this.#model.plugFunction({ ...spec, mounts });
  }

  rename(address: string, name: string, port = 0): void {
    this.#model.rename(parsePciAddress(address), name, port);
  }

  async bindDriverByHand(address: string, driver: string): Promise<void> {
    const { target } = this.#model.targetAt(parsePciAddress(address));
    await this.#drivers.bind(target.address, driver);
    target.override = undefined;
  }

  unbindDriver(address: string): void {
    const { owner, target } = this.#model.targetAt(parsePciAddress(address));
    owner.detach(target);
  }

  setMtuByHand(address: string, mtu: number): void {
    const parsed = parsePciAddress(address);
    const [port] = this.#model.functionAt(parsed)?.target.ports ?? [];
    if (port === undefined) throw new Error(`${address} has no interface`);
    this.setMtu(parsed, port.name, mtu);
  }

  setDriverLoaded(driver: string, loaded: boolean): void {
    this.#drivers.setLoaded(driver, loaded);
  }

  setDriverLoadable(driver: string, loadable: boolean): void {
    this.#drivers.setLoadable(driver, loadable);
  }

  setMounts(address: string, mounts: readonly string[]): void {
    this.#model.plainAt(parsePciAddress(address)).mounts = mounts;
  }

  setDefaultRoute(interfaces: readonly string[]): void {
    this.#model.defaultRouteInterfaces = interfaces;
  }

  setUppers(interfaceName: string, uppers: readonly string[]): void {
    this.#model.setUppers(interfaceName, uppers);
  }

  setAddresses(addresses: Readonly<Record<string, readonly string[]>>): void {
    this.#model.interfaceAddresses = addresses;
  }

  setInterfaceElsewhere(address: string, elsewhere: boolean): void {
    this.#model.setInterfaceElsewhere(parsePciAddress(address), elsewhere);
  }

  writes(): readonly WriteRecord[] {
    return this.#writes.log;
  }

  async waitForWrites(count: number): Promise<readonly WriteRecord[]> {
    await this.#writes.reach(count);
    return this.#writes.log;
  }

  clearWrites(): void {
    this.#writes.clearLog();
  }
}

/** Within this process a write may do without. */
type Deadline = Partial<WriteOptions>;

/** The same methods where they need not be waited for. */
type Local<T> = {
  [K in keyof T]: T[K] extends (...params: infer P) => Promise<infer R> ? (...params: P) => R | Promise<R> : never;
};
