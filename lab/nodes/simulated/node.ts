import {
  KernelError,
  parsePciAddress,
  type Kernel,
  type NodeSnapshot,
  type PciAddress,
  type ListedPciFunction,
  type PhysicalFunction,
} from "../../../reconciler/kernel/kernel.js";
import type { HardwareControl, HardwareState } from "./control.js";
import type { HardwareSpec, NicSpec } from "./hardware.js";
import { NodeModel } from "./model.js";
import type { InUsePolicy, Nic } from "./nic.js";
import { NumVfsWrites, type Delays, type WriteRecord } from "./numvfs-writes.js";

/** A whole simulated node in this process: what its kernel answers, and the hands that reach into its case. */
export class SimulatedNode implements Local<Kernel & HardwareControl> {
  readonly #model: NodeModel;
  readonly #writes: NumVfsWrites;

  constructor(spec: HardwareSpec) {
    this.#model = new NodeModel(spec);
    this.#writes = new NumVfsWrites(this.#model);
  }

  scan(): NodeSnapshot {
    return this.#model.snapshot();
  }

  physicalFunction(address: PciAddress): PhysicalFunction | undefined {
    return this.#model.physicalFunction(parsePciAddress(address));
  }

  /** Deadlines are the client's: hardware knows none. */
  async setNumVfs(address: PciAddress, count: number): Promise<void> {
    await this.#writes.write(parsePciAddress(address), count, "agent");
  }

  async setNumVfsByHand(address: string, count: number): Promise<void> {
    await this.#writes.write(parsePciAddress(address), count, "hand");
  }

  hardwareState(): HardwareState {
    const vfs = this.#model.nics.flatMap((nic) => nic.vfs);
    return {
      snapshot: this.#model.snapshot(),
      inUse: vfs.filter((vf) => vf.inUse).map((vf) => vf.address),
      inUsePolicy: this.#model.inUsePolicy,
      delays: this.#writes.delays,
    };
  }

  setInUse(vfAddress: string, inUse: boolean): void {
    this.#model.vfAt(parsePciAddress(vfAddress)).vf.inUse = inUse;
  }

  setInUsePolicy(policy: InUsePolicy): void {
    this.#model.inUsePolicy = policy;
  }

  setDelays(delays: Partial<Delays>): void {
    this.#writes.delays = { ...this.#writes.delays, ...delays };
  }

  failNext(address: string, code: string): void {
    this.#writes.failNext(this.#model.nicAt(parsePciAddress(address)).address, code);
  }

  hang(address: string, hanging: boolean): void {
    this.#writes.hang(this.#model.nicAt(parsePciAddress(address)).address, hanging);
  }

  setUnreadable(address: string, code: string | undefined): void {
    this.#model.nicAt(parsePciAddress(address)).unreadable = code;
  }

  setEnableLimit(address: string, limit: number | undefined): void {
    this.#model.nicAt(parsePciAddress(address)).enableLimit = limit;
  }

  plug(spec: NicSpec): void {
    this.#writes.nameLate(this.#model.plug(spec));
  }

  unplug(address: string): void {
    this.#writes.interrupt(this.#model.unplug(parsePciAddress(address)));
  }

  reboot(): void {
    for (const { address, spec } of this.#model.nics) {
      this.unplug(address);
      this.#writes.hang(address, false);
      this.plug(spec);
    }
  }

  rename(address: string, name: string, port = 0): void {
    this.#model.rename(parsePciAddress(address), name, port);
  }

  setDriversAutoprobe(address: PciAddress, on: boolean): void {
    this.#nicAt(address, "sriov_drivers_autoprobe").driversAutoprobe = on;
  }

  bindDriver(address: PciAddress, driver: string | undefined): void {
    const { nic, vf } = this.#model.vfAt(parsePciAddress(address));
    nic.bindVfDriver(vf, driver ?? nic.vfDriver, () => nic.vfName(vf));
  }

  setInterfaceUp(address: PciAddress, interfaceName: string): void {
    const nic = this.#nicAt(address, `net/${interfaceName}/flags`);
    nic.ports = nic.ports.map((port) => (port.name === interfaceName ? { ...port, up: true } : port));
  }

  pciFunctions(): readonly ListedPciFunction[] {
    return this.#model.pciFunctions();
  }

  bindDriverByHand(vfAddress: string, driver: string): void {
    const { nic, vf } = this.#model.vfAt(parsePciAddress(vfAddress));
    nic.bindVfDriver(vf, driver, () => nic.vfName(vf));
  }

  unbindDriver(address: string): void {
    const parsed = parsePciAddress(address);
    const nic = this.#model.find(parsed);
    if (nic) nic.unbindDriver();
    else Object.assign(this.#model.vfAt(parsed).vf, { driver: undefined, ports: [] });
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

  setInterfaceElsewhere(vfAddress: string, elsewhere: boolean): void {
    this.#model.vfAt(parsePciAddress(vfAddress)).vf.interfaceElsewhere = elsewhere;
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

  #nicAt(address: PciAddress, attribute: string): Nic {
    const nic = this.#model.find(parsePciAddress(address));
    if (!nic) throw new KernelError("ENOENT", `/sys/bus/pci/devices/${address}/${attribute}`, "write");
    return nic;
  }
}

/** The same methods where they need not be waited for. */
type Local<T> = {
  [K in keyof T]: T[K] extends (...params: infer P) => Promise<infer R> ? (...params: P) => R | Promise<R> : never;
};
