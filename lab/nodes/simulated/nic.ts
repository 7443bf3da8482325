import { parsePciAddress, type NetworkInterface, type PciAddress } from "../../../reconciler/kernel/kernel.js";
import { macAddressOf, virtualFunctionAddress, type NicSpec } from "./hardware.js";

/** A network interface as its function knows it; what stands on it, and addresses, are the node's. */
export type Port = Omit<NetworkInterface, "uppers" | "addresses">;

export interface Vf {
  readonly address: PciAddress;
  readonly iommuGroup?: string;
  driver?: string | undefined;
  ports: readonly Port[];
  interfaceElsewhere: boolean;
  /** A guest has it. */
  inUse: boolean;
}

/** What a write to `sriov_numvfs` comes down to once the kernel has looked at it. */
export type NumVfsChange =
  { readonly kind: "nothing" } | { readonly kind: "remove" } | { readonly kind: "create"; readonly count: number };

/** Whether a driver takes VFs away that a guest has. Drivers differ. */
export type InUsePolicy = "refuse" | "allow";

/** One physical function, its VFs, and Linux's rules for changing their number. */
export class Nic {
  readonly address: PciAddress;
  readonly vendorId: string;
  readonly deviceId: string;
  readonly vfDeviceId: string;
  readonly classId = "020000";
  readonly totalVfs: number;
  readonly iommuGroup: string | undefined;
  driver: string | undefined;
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
    private readonly allotIommuGroups: (count: number) => string[],
  ) {
    this.address = parsePciAddress(spec.address);
    this.vendorId = spec.vendorId ?? "8086";
    this.deviceId = spec.deviceId ?? "10fb";
    this.vfDeviceId = spec.vfDeviceId ?? "10ed";
    this.totalVfs = spec.totalVfs ?? 63;
    this.#vfAddress(Math.max(this.totalVfs - 1, 0)); // A card whose last VF has no address is refused here.
    this.driver = this.#ownDriver;
    this.iommuGroup = this.#iommuGroups(1)[0];
    this.ports = spec.interfaces.map(({ name, macAddress, linkState = "up" }, port) => ({
      name,
      macAddress: macAddress ?? macAddressOf(this.address, port),
      linkState,
      port,
      up: linkState === "up",
    }));
  }

  /** What the kernel looks at before it takes the device's lock; the errno's name, or `undefined` when it may go on. */
  refuseCount(count: number): string | undefined {
    if (!Number.isInteger(count) || count < 0 || count > 0xffff) return "EINVAL"; // A u16; before Linux 5.16, more than that was ERANGE.
    return count > this.totalVfs ? "ERANGE" : undefined;
  }

  /** What the kernel decides once it has the device's lock: a change, or the errno's name. */
  judge(count: number, inUsePolicy: InUsePolicy): NumVfsChange | string {
    if (count === this.vfs.length) return { kind: "nothing" };
    if (this.driver === undefined || this.spec.sriov === false) return "ENOENT";
    if (count > 0) return this.vfs.length > 0 ? "EBUSY" : { kind: "create", count };
    const refused = inUsePolicy === "refuse" && this.vfs.some((vf) => vf.inUse);
    return refused ? "EBUSY" : { kind: "remove" };
  }

  /** They have no driver yet. */
  createVfs(count: number): readonly Vf[] {
    const enabled = Math.min(count, this.enableLimit ?? count);
    const groups = this.#iommuGroups(enabled);
    this.vfs = Array.from({ length: enabled }, (_, index) => {
      const iommuGroup = groups[index];
      return {
        address: this.#vfAddress(index),
        ...(iommuGroup !== undefined && { iommuGroup }),
        ports: [],
        interfaceElsewhere: false,
        inUse: false,
      };
    });
    return this.vfs;
  }

  removeVfs(): void {
    this.vfs = [];
  }

  /** Each VF gets the driver it is meant for, and an interface under the kernel's own name for it. */
  bindVfs(kernelName: () => string): void {
    if (!this.driversAutoprobe) return;
    for (const vf of this.vfs) this.bindVfDriver(vf, this.#ownVfDriver, kernelName);
  }

  /** What the kernel picks for a VF that is probed. */
  get vfDriver(): string {
    return this.#ownVfDriver;
  }

  nameVfs(): void {
    for (const vf of this.vfs) vf.ports = vf.ports.map((port) => ({ ...port, name: this.vfName(vf) }));
  }

  /** As udev does: `eno49v3` for VF 3 of `eno49`. */
  vfName(vf: Vf): string {
    return `${this.ports[0]?.name ?? "vf"}v${this.vfs.indexOf(vf)}`;
  }

  /** Only the network driver that the VF is meant for gives it an interface. */
  bindVfDriver(vf: Vf, driver: string, name: () => string): void {
    const port = (): Port => ({
      name: name(),
      macAddress: macAddressOf(vf.address, 0),
      linkState: "down",
      port: 0,
      up: false,
    });
    vf.driver = driver;
    vf.ports = driver === this.#ownVfDriver ? [port()] : [];
  }

  /** A PF's driver takes its VFs and interfaces with it when it goes. */
  unbindDriver(): void {
    this.driver = undefined;
    this.ports = [];
    this.removeVfs();
  }

  #vfAddress(index: number): PciAddress {
    const { offset = 128, stride = 2 } = this.spec;
    return virtualFunctionAddress(this.address, index, offset, stride);
  }

  get #ownDriver(): string {
    return this.spec.driver ?? "ixgbe";
  }

  get #ownVfDriver(): string {
    return this.spec.vfDriver ?? "ixgbevf";
  }

  #iommuGroups(count: number): string[] {
    return this.spec.iommu === false ? [] : this.allotIommuGroups(count);
  }
}
