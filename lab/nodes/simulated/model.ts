import {
  KernelError,
  parsePciAddress,
  type ListedPciFunction,
  type NetworkInterface,
  type NodeSnapshot,
  type PciAddress,
  type PciFunction,
  type PciFunctionDetail,
  type NetworkFunction,
  type PhysicalFunction,
} from "../../../reconciler/kernel/kernel.js";
import type { BindableFunction, FunctionOwner, NodeFacts, Port, Vf } from "./bindable-function.js";
import type { FunctionSpec, HardwareSpec, NicSpec } from "./hardware.js";
import { Nic, type InUsePolicy } from "./nic.js";
import { PlainFunction } from "./plain-function.js";

/**
 * The state of a simulated node. No time passes in here and nothing waits: when the steps of a change happen is for
 * `numvfs-writes.ts` to say.
 */
export class NodeModel {
  readonly #nics = new Map<PciAddress, Nic>();
  readonly #plain = new Map<PciAddress, PlainFunction>();
  readonly #uppers = new Map<string, readonly string[]>();
  interfaceAddresses: Readonly<Record<string, readonly string[]>> = {};
  #kernelNames = 0;
  defaultRouteInterfaces: readonly string[];
  inUsePolicy: InUsePolicy = "refuse";

  constructor(spec: HardwareSpec) {
    for (const nic of spec.nics) this.plug(nic);
    for (const plain of spec.functions ?? []) this.plugFunction(plain);
    this.defaultRouteInterfaces = spec.defaultRouteInterfaces ?? [];
  }

  /** In order of address. */
  get nics(): readonly Nic[] {
    return [...this.#nics.values()].sort(byAddress);
  }

  get plainFunctions(): readonly PlainFunction[] {
    return [...this.#plain.values()].sort(byAddress);
  }

  /** Drivers that are made for what is in the node. */
  get ownDrivers(): readonly string[] {
    const ofNics = this.nics.flatMap((nic) => [nic.ownDriver, nic.ownVfDriver]);
    return [...ofNics, ...this.plainFunctions.flatMap(({ spec }) => spec.driver ?? [])];
  }

  snapshot(): NodeSnapshot {
    const readable = this.nics.filter((nic) => nic.unreadable === undefined);
    return {
      physicalFunctions: readable.filter((nic) => nic.totalVfs > 0).map((nic) => this.#describe(nic)),
      incapable: [...readable.filter((nic) => nic.totalVfs === 0), ...this.#otherNetworkDevices()]
        .sort(byAddress)
        .map(({ address, ports }) => ({ address, interfaceName: ports[0]?.name ?? "" })),
      defaultRouteInterfaces: this.defaultRouteInterfaces,
      interfaceAddresses: this.interfaceAddresses,
      unreadable: this.nics.flatMap(({ address, unreadable }) =>
        unreadable === undefined ? [] : [{ address, error: readError(address, unreadable) }],
      ),
    };
  }

  /** @throws {KernelError} It was made unreadable. */
  physicalFunction(address: PciAddress): PhysicalFunction | undefined {
    const nic = this.#nics.get(address);
    if (nic?.unreadable !== undefined) throw readError(address, nic.unreadable);
    return nic && nic.totalVfs > 0 ? this.#describe(nic) : undefined;
  }

  pciFunctions(): ListedPciFunction[] {
    const readable = this.#all().filter(({ device }) => device.unreadable === undefined);
    return readable.map(({ device, target }) => listed(device, target)).sort(byAddress);
  }

  /** @throws {KernelError} It was made unreadable. */
  pciFunction(address: PciAddress): PciFunctionDetail | undefined {
    const found = this.#all().find(({ target }) => target.address === address);
    if (found === undefined) return undefined;
    const { device, target } = found;
    if (device.unreadable !== undefined) throw readError(address, device.unreadable);
    const { driver, iommuGroup } = target;
    const others = this.#all().filter((it) => it.target !== target && it.target.iommuGroup === iommuGroup);
    return {
      ...listed(device, target),
      interfaces: this.#interfacesOf(target),
      ...(device instanceof Nic && target !== device && { virtualFunctionIndex: device.indexOf(target) }),
      numVfs: device === target && device instanceof Nic ? device.vfs.length : 0,
      interfaceElsewhere: driver !== undefined && isElsewhere(target),
      groupMembers: iommuGroup === undefined ? [] : others.map((it) => identity(it.target)).sort(byAddress),
      mounts: device instanceof PlainFunction ? device.mounts : [],
    };
  }

  find(address: PciAddress): Nic | undefined {
    return this.#nics.get(address);
  }

  /** @throws {Error} No such NIC. */
  nicAt(address: PciAddress): Nic {
    const nic = this.#nics.get(address);
    if (!nic) throw new Error(`no NIC at ${address}; there are: ${[...this.#nics.keys()].join(", ") || "none"}`);
    return nic;
  }

  /** @throws {Error} No such VF. */
  vfAt(address: PciAddress): { readonly nic: Nic; readonly vf: Vf } {
    for (const nic of this.#nics.values()) {
      const vf = nic.vfs.find((candidate) => candidate.address === address);
      if (vf) return { nic, vf };
    }
    throw new Error(`no VF at ${address}`);
  }

  functionAt(address: PciAddress): { readonly owner: FunctionOwner; readonly target: BindableFunction } | undefined {
    const found = this.#all().find(({ target }) => target.address === address);
    return found && { owner: found.device, target: found.target };
  }

  /** @throws {Error} No such function. */
  targetAt(address: PciAddress): { readonly owner: FunctionOwner; readonly target: BindableFunction } {
    const found = this.functionAt(address);
    if (!found) throw new Error(`no function at ${address}; there are: ${this.#addresses()}`);
    return found;
  }

  /** @throws {Error} Neither a NIC nor another function that is no VF. */
  deviceAt(address: PciAddress): Nic | PlainFunction {
    return this.#plain.get(address) ?? this.nicAt(address);
  }

  /** @throws {Error} No such function, or a NIC's. */
  plainAt(address: PciAddress): PlainFunction {
    const found = this.#plain.get(address);
    if (!found) throw new Error(`no function beside the NICs' at ${address}; there are: ${this.#addresses()}`);
    return found;
  }

  plug(spec: NicSpec): Nic {
    const nic = new Nic(spec, this.#facts);
    if (this.functionAt(nic.address)) throw new Error(`there is a NIC at ${nic.address} already`);
    this.#nics.set(nic.address, nic);
    return nic;
  }

  plugFunction(spec: FunctionSpec): void {
    const plain = new PlainFunction(spec, this.#facts);
    if (this.functionAt(plain.address)) throw new Error(`there is a function at ${plain.address} already`);
    this.#plain.set(plain.address, plain);
  }

  /** Its VFs go with it. */
  unplug(address: PciAddress): Nic {
    const nic = this.nicAt(address);
    nic.removeVfs();
    this.#nics.delete(address);
    return nic;
  }

  unplugFunction(address: PciAddress): void {
    this.plainAt(address).inUse?.raise();
    this.#plain.delete(address);
  }

  rename(address: PciAddress, name: string, port: number): void {
    const owner = this.targetAt(address).target;
    const before = owner.ports.find((it) => it.port === port)?.name;
    if (before === undefined) throw new Error(`${address} has no interface at port ${port}`);
    owner.ports = owner.ports.map((it) => (it.port === port ? { ...it, name } : it));
    this.#moveInterface(before, name);
  }

  setUppers(name: string, uppers: readonly string[]): void {
    this.#uppers.set(name, uppers);
  }

  /** @throws {Error} No such function, or one without an interface that could go anywhere. */
  setInterfaceElsewhere(address: PciAddress, elsewhere: boolean): void {
    const { target } = this.targetAt(address);
    if (!("interfaceElsewhere" in target) || target.ports.length === 0) {
      throw new Error(`${address} has no interface that could be elsewhere`);
    }
    target.interfaceElsewhere = elsewhere;
    for (const { name } of target.ports) this.#forgetInterface(name);
    target.ports = target.ports.map((port) => ({ ...port, up: false, linkState: "down" }));
  }

  /** What stands on an interface, and its addresses, stay with it. */
  #moveInterface(before: string, name: string): void {
    const uppers = this.#uppers.get(before);
    const addresses = this.interfaceAddresses[before];
    this.#forgetInterface(before);
    if (uppers) this.#uppers.set(name, uppers);
    if (addresses) this.interfaceAddresses = { ...this.interfaceAddresses, [name]: addresses };
  }

  #forgetInterface(name: string): void {
    this.#uppers.delete(name);
    const { [name]: lost, ...others } = this.interfaceAddresses;
    this.interfaceAddresses = others;
  }

  readonly #facts: NodeFacts = {
    allotIommuGroups: (count) => this.#freeIommuGroups(count),
    iommuGroupOf: (address) => this.targetAt(parsePciAddress(address)).target.iommuGroup,
    kernelName: () => this.kernelName(),
    interfaceGone: (name) => this.#forgetInterface(name),
  };

  /** What the kernel calls an interface before udev does. Never the same twice. */
  readonly kernelName = (): string => `eth${this.#kernelNames++}`;

  #describe(nic: Nic): PhysicalFunction {
    return {
      ...this.#describeFunction(nic),
      totalVfs: nic.totalVfs,
      numVfs: nic.vfs.length,
      virtualFunctions: nic.vfs.map((vf, index) => ({
        ...this.#describeFunction(vf),
        index,
        interfaceElsewhere: vf.interfaceElsewhere,
      })),
      driversAutoprobe: nic.driversAutoprobe,
    };
  }

  #describeFunction(target: BindableFunction): NetworkFunction {
    return { ...identity(target), interfaces: this.#interfacesOf(target) };
  }

  #interfacesOf(target: BindableFunction): NetworkInterface[] {
    return isElsewhere(target) ? [] : target.ports.map((port) => this.#asInterface(port));
  }

  #otherNetworkDevices(): PlainFunction[] {
    return this.plainFunctions.filter((it) => it.unreadable === undefined && it.classId.startsWith("02"));
  }

  /** Every function with the device that it is or belongs to. */
  #all(): { readonly device: Nic | PlainFunction; readonly target: BindableFunction }[] {
    return [
      ...this.nics.flatMap((nic) => [nic, ...nic.vfs].map((target) => ({ device: nic, target }))),
      ...this.plainFunctions.map((plain) => ({ device: plain, target: plain })),
    ];
  }

  #addresses(): string {
    return (
      this.#all()
        .map(({ target }) => target.address)
        .sort()
        .join(", ") || "none"
    );
  }

  #asInterface(port: Port): NetworkInterface {
    const { [port.name]: addresses = [] } = this.interfaceAddresses;
    return { ...port, uppers: this.#uppers.get(port.name) ?? [], addresses };
  }

  /** The lowest that no function has, as the kernel allots them. */
  #freeIommuGroups(count: number): string[] {
    const taken = new Set(this.#all().map(({ target }) => target.iommuGroup));
    const free: string[] = [];
    for (let group = 1; free.length < count; group++) if (!taken.has(String(group))) free.push(String(group));
    return free;
  }
}

function readError(address: PciAddress, code: string): KernelError {
  return new KernelError(code, `/sys/bus/pci/devices/${address}/vendor`, "read");
}

function identity({ address, vendorId, deviceId, classId, driver, iommuGroup }: BindableFunction): PciFunction {
  return {
    address,
    vendorId,
    deviceId,
    classId,
    ...(driver !== undefined && { driver }),
    ...(iommuGroup !== undefined && { iommuGroup }),
  };
}

function listed(device: Nic | PlainFunction, target: BindableFunction): ListedPciFunction {
  const { numaNode } = target;
  return {
    ...identity(target),
    ...(device !== target && { physicalFunction: device.address }),
    ...(numaNode !== undefined && { numaNode }),
  };
}

export function isElsewhere(target: BindableFunction): boolean {
  return target.interfaceElsewhere === true;
}

function byAddress(a: { readonly address: PciAddress }, b: { readonly address: PciAddress }): number {
  return a.address < b.address ? -1 : 1;
}
