import { parsePciAddress, type PciAddress } from "../../../reconciler/kernel/kernel.js";
import {
  DEFAULT_MTU,
  portsOf,
  refuseMtu,
  type BindableFunction,
  type FunctionOwner,
  type NodeFacts,
  type Port,
  type Vf,
} from "./bindable-function.js";
import { macAddressOf, virtualFunctionAddress, type NicSpec } from "./hardware.js";
import type { Signal } from "./signal.js";

/** What a write to `sriov_numvfs` comes down to once the kernel has looked at it. */
export type NumVfsChange =
  { readonly kind: "nothing" } | { readonly kind: "remove" } | { readonly kind: "create"; readonly count: number };

/** Whether a driver takes VFs away that a guest has. Drivers differ. */
export type InUsePolicy = "refuse" | "allow";

/** One physical function, its VFs, and Linux's rules for changing their number. */
export class Nic implements BindableFunction, FunctionOwner {
  readonly address: PciAddress;
  readonly vendorId: string;
  readonly deviceId: string;
  readonly vfDeviceId: string;
  readonly classId = "020000";
  readonly totalVfs: number;
  readonly iommuGroup: string | undefined;
  readonly numaNode: number | undefined;
  driver: string | undefined;
  override: string | undefined;
  inUse: Signal | undefined;
  ports: readonly Port[];
  /** A new array with every change of their number, so that who holds one can tell whether these VFs still exist. */
  vfs: readonly Vf[] = [];
  /** What reading it answers instead of its state. */
  unreadable: string | undefined;
  driversAutoprobe = true;
  /** The driver makes no more than these, whatever is asked for. */
  enableLimit: number | undefined;

  /** @throws {TypeError | RangeError} The address, or that of the last VF, is none. */
  constructor(
    readonly spec: NicSpec,
    private readonly node: NodeFacts,
  ) {
    this.address = parsePciAddress(spec.address);
    this.vendorId = spec.vendorId ?? "8086";
    this.deviceId = spec.deviceId ?? "10fb";
    this.vfDeviceId = spec.vfDeviceId ?? "10ed";
    this.totalVfs = spec.totalVfs ?? 63;
    this.#vfAddress(Math.max(this.totalVfs - 1, 0)); // A card whose last VF has no address is refused here.
    this.driver = this.ownDriver;
    this.numaNode = spec.numaNode;
    this.iommuGroup = spec.groupWith === undefined ? this.#allotGroups(1)[0] : node.iommuGroupOf(spec.groupWith);
    this.ports = portsOf(this.address, spec.interfaces);
  }

  /** What the kernel looks at before it takes the device's lock; the errno's name, or `undefined` when it may go on. */
  refuseCount(count: number): string | undefined {
    if (!Number.isInteger(count) || count < 0 || count > 0xffff) return "EINVAL"; // A u16; before Linux 5.16, more than that was ERANGE.
    return count > this.totalVfs ? "ERANGE" : undefined;
  }

  /** What the kernel decides once it has the device's lock: a change, or the errno's name. */
  judge(count: number, inUsePolicy: InUsePolicy): NumVfsChange | string {
    if (count === this.vfs.length) return { kind: "nothing" };
    if (this.driver !== this.ownDriver || this.spec.sriov === false) return "ENOENT";
    if (count > 0) return this.vfs.length > 0 ? "EBUSY" : { kind: "create", count };
    const refused = inUsePolicy === "refuse" && this.vfs.some((vf) => vf.inUse !== undefined);
    return refused ? "EBUSY" : { kind: "remove" };
  }

  /** What its drivers answer to an MTU: an errno's name, or `undefined` where it is in their range. */
  refuseMtu(mtu: number): string | undefined {
    return refuseMtu(mtu, this.spec.maxMtu);
  }

  /** They have no driver yet. */
  createVfs(count: number): readonly Vf[] {
    const enabled = Math.min(count, this.enableLimit ?? count);
    const groups = this.#vfGroups(enabled);
    const { vendorId, vfDeviceId: deviceId, classId, numaNode } = this;
    this.vfs = Array.from({ length: enabled }, (_, index) => {
      const iommuGroup = groups[index];
      return {
        address: this.#vfAddress(index),
        ...{ vendorId, deviceId, classId, numaNode },
        ...(iommuGroup !== undefined && { iommuGroup }),
        ports: [],
        interfaceElsewhere: false,
      };
    });
    return this.vfs;
  }

  indexOf(vf: BindableFunction): number {
    return this.vfs.findIndex((candidate) => candidate === vf);
  }

  removeVfs(): void {
    for (const vf of this.vfs) {
      this.detach(vf);
      vf.inUse?.raise();
    }
    this.vfs = [];
  }

  /** Only the driver that a function is meant for gives it interfaces; a VF's has a name of the kernel's at first. */
  attach(target: BindableFunction, driver: string): void {
    target.driver = driver;
    if (driver !== this.ownDriverOf(target)) return;
    target.ports = target === this ? portsOf(this.address, this.spec.interfaces) : [this.#vfPort(target.address)];
  }

  detach(target: BindableFunction): void {
    // A PF's driver takes its VFs with it when it goes.
    if (target === this) this.removeVfs();
    const ports = target.ports;
    target.driver = undefined;
    target.ports = [];
    if ("interfaceElsewhere" in target) target.interfaceElsewhere = false;
    // A PF's bonds and bridges are the node's configuration, which finds it again; a VF's were made for this one VF.
    if (target !== this) for (const { name } of ports) this.node.interfaceGone(name);
  }

  /** As udev does: `eno49v3` for VF 3 of `eno49`. */
  settleName(vf: BindableFunction): void {
    if (vf === this) return;
    const name = `${this.ports[0]?.name ?? "vf"}v${this.indexOf(vf)}`;
    vf.ports = vf.ports.map((port) => ({ ...port, name }));
  }

  /** `sriov_drivers_autoprobe` is asked with every probe of a VF, not at its creation alone. */
  offers(target: BindableFunction): boolean {
    return target === this || this.driversAutoprobe;
  }

  /** The driver that is made for it. */
  ownDriverOf(target: BindableFunction): string {
    return target === this ? this.ownDriver : this.ownVfDriver;
  }

  get ownDriver(): string {
    return this.spec.driver ?? "ixgbe";
  }

  get ownVfDriver(): string {
    return this.spec.vfDriver ?? "ixgbevf";
  }

  #vfPort(address: PciAddress): Port {
    const macAddress = macAddressOf(address, 0);
    const name = this.node.kernelName();
    const { linkType = "eth" } = this.ports[0] ?? {};
    return {
      name,
      macAddress,
      linkState: "down",
      port: 0,
      up: false,
      mtu: DEFAULT_MTU,
      linkType,
      alternativeNames: [],
    };
  }

  #vfAddress(index: number): PciAddress {
    const { offset = 128, stride = 2 } = this.spec;
    return virtualFunctionAddress(this.address, index, offset, stride);
  }

  #vfGroups(count: number): string[] {
    const { iommuGroup = "own" } = this.spec;
    if (iommuGroup === "own") return this.#allotGroups(count);
    const [shared] = iommuGroup === "shared" ? this.#allotGroups(1) : [this.iommuGroup];
    return shared === undefined ? [] : Array.from({ length: count }, () => shared);
  }

  #allotGroups(count: number): string[] {
    return this.spec.iommu === false ? [] : this.node.allotIommuGroups(count);
  }
}
