import {
  KernelError,
  type ListedPciFunction,
  type NetworkInterface,
  type NodeSnapshot,
  type PciAddress,
  type NetworkFunction,
  type PhysicalFunction,
} from "../../../reconciler/kernel/kernel.js";
import type { HardwareSpec, NicSpec } from "./hardware.js";
import { Nic, type BindableFunction, type InUsePolicy, type Port, type Vf } from "./nic.js";

/**
 * The state of a simulated node. No time passes in here and nothing waits: when the steps of a change happen is for
 * `numvfs-writes.ts` to say.
 */
export class NodeModel {
  readonly #nics = new Map<PciAddress, Nic>();
  readonly #uppers = new Map<string, readonly string[]>();
  interfaceAddresses: Readonly<Record<string, readonly string[]>> = {};
  #kernelNames = 0;
  defaultRouteInterfaces: readonly string[];
  inUsePolicy: InUsePolicy = "refuse";

  constructor(spec: HardwareSpec) {
    for (const nic of spec.nics) this.plug(nic);
    this.defaultRouteInterfaces = spec.defaultRouteInterfaces ?? [];
  }

  /** In order of address. */
  get nics(): readonly Nic[] {
    return [...this.#nics.values()].sort((a, b) => (a.address < b.address ? -1 : 1));
  }

  snapshot(): NodeSnapshot {
    const readable = this.nics.filter((nic) => nic.unreadable === undefined);
    return {
      physicalFunctions: readable.filter((nic) => nic.totalVfs > 0).map((nic) => this.#describe(nic)),
      incapable: readable
        .filter((nic) => nic.totalVfs === 0)
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
    const readable = this.nics.filter((nic) => nic.unreadable === undefined);
    const functions = readable.flatMap((nic) => [
      this.#describeFunction(nic, nic, nic.deviceId),
      ...nic.vfs.map((vf) => ({
        ...this.#describeFunction(nic, vf, nic.vfDeviceId),
        physicalFunction: nic.address,
      })),
    ]);
    return functions
      .map(({ interfaces, ...pciFunction }) => pciFunction)
      .sort((a, b) => (a.address < b.address ? -1 : 1));
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

  functionAt(address: PciAddress): { readonly nic: Nic; readonly target: BindableFunction } | undefined {
    for (const nic of this.#nics.values()) {
      const target = [nic, ...nic.vfs].find((candidate) => candidate.address === address);
      if (target) return { nic, target };
    }
    return undefined;
  }

  plug(spec: NicSpec): Nic {
    const nic = new Nic(spec, {
      allotIommuGroups: (count) => this.#freeIommuGroups(count),
      kernelName: this.kernelName,
      interfaceGone: (name) => this.#forgetInterface(name),
    });
    if (this.#nics.has(nic.address)) throw new Error(`there is a NIC at ${nic.address} already`);
    this.#nics.set(nic.address, nic);
    return nic;
  }

  /** Its VFs go with it. */
  unplug(address: PciAddress): Nic {
    const nic = this.nicAt(address);
    nic.removeVfs();
    this.#nics.delete(address);
    return nic;
  }

  rename(address: PciAddress, name: string, port: number): void {
    const owner = this.#nics.get(address) ?? this.vfAt(address).vf;
    const before = owner.ports.find((it) => it.port === port)?.name;
    if (before === undefined) throw new Error(`${address} has no interface at port ${port}`);
    owner.ports = owner.ports.map((it) => (it.port === port ? { ...it, name } : it));
    this.#moveInterface(before, name);
  }

  setUppers(name: string, uppers: readonly string[]): void {
    this.#uppers.set(name, uppers);
  }

  /** @throws {Error} No such VF, or one without an interface. */
  setInterfaceElsewhere(vfAddress: PciAddress, elsewhere: boolean): void {
    const { vf } = this.vfAt(vfAddress);
    if (vf.ports.length === 0) throw new Error(`${vfAddress} has no interface that could be elsewhere`);
    vf.interfaceElsewhere = elsewhere;
    for (const { name } of vf.ports) this.#forgetInterface(name);
    vf.ports = vf.ports.map((port) => ({ ...port, up: false, linkState: "down" }));
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

  /** What the kernel calls an interface before udev does. Never the same twice. */
  readonly kernelName = (): string => `eth${this.#kernelNames++}`;

  #describe(nic: Nic): PhysicalFunction {
    return {
      ...this.#describeFunction(nic, nic, nic.deviceId),
      totalVfs: nic.totalVfs,
      numVfs: nic.vfs.length,
      virtualFunctions: nic.vfs.map((vf, index) => ({
        ...this.#describeFunction(nic, vf, nic.vfDeviceId),
        index,
        interfaceElsewhere: vf.interfaceElsewhere,
      })),
      driversAutoprobe: nic.driversAutoprobe,
    };
  }

  #describeFunction(
    nic: Nic,
    { address, driver, iommuGroup, ports, ...it }: Nic | Vf,
    deviceId: string,
  ): NetworkFunction {
    return {
      address,
      vendorId: nic.vendorId,
      deviceId,
      classId: nic.classId,
      ...(driver !== undefined && { driver }),
      ...(iommuGroup !== undefined && { iommuGroup }),
      interfaces: ("interfaceElsewhere" in it && it.interfaceElsewhere ? [] : ports).map((port) =>
        this.#asInterface(port),
      ),
    };
  }

  #asInterface(port: Port): NetworkInterface {
    const { [port.name]: addresses = [] } = this.interfaceAddresses;
    return { ...port, uppers: this.#uppers.get(port.name) ?? [], addresses };
  }

  /** The lowest that no function has, as the kernel allots them. */
  #freeIommuGroups(count: number): string[] {
    const functions = this.nics.flatMap((nic) => [nic, ...nic.vfs]);
    const taken = new Set(functions.map((it) => it.iommuGroup));
    const free: string[] = [];
    for (let group = 1; free.length < count; group++) if (!taken.has(String(group))) free.push(String(group));
    return free;
  }
}

function readError(address: PciAddress, code: string): KernelError {
  return new KernelError(code, `/sys/bus/pci/devices/${address}/vendor`, "read");
}
