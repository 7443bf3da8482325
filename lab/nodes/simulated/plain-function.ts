import { parsePciAddress, type PciAddress } from "../../../reconciler/kernel/kernel.js";
import {
  portsOf,
  refuseMtu,
  type BindableFunction,
  type FunctionOwner,
  type NodeFacts,
  type Port,
} from "./bindable-function.js";
import type { FunctionSpec } from "./hardware.js";
import type { Signal } from "./signal.js";

/** A PCI function that is no SR-IOV NIC: it has no VFs, and nobody here knows whose VF it may be. */
export class PlainFunction implements BindableFunction, FunctionOwner {
  readonly address: PciAddress;
  readonly vendorId: string;
  readonly deviceId: string;
  readonly classId: string;
  readonly iommuGroup: string | undefined;
  readonly numaNode: number | undefined;
  driver: string | undefined;
  override: string | undefined;
  ports: readonly Port[];
  interfaceElsewhere = false;
  inUse: Signal | undefined;
  /** What reading it answers instead of its state. */
  unreadable: string | undefined;
  mounts: readonly string[];

  /** @throws {TypeError} The address is none. */
  constructor(
    readonly spec: FunctionSpec,
    private readonly node: NodeFacts,
  ) {
    this.address = parsePciAddress(spec.address);
    this.vendorId = spec.vendorId ?? "8086";
    this.deviceId = spec.deviceId ?? "1d10";
    this.classId = spec.classId ?? "060400";
    this.numaNode = spec.numaNode;
    this.iommuGroup = this.#group();
    this.driver = spec.driver;
    this.ports = this.#ownPorts();
    this.mounts = spec.mounts ?? [];
  }

  ownDriverOf(): string | undefined {
    return this.spec.driver;
  }

  offers(): boolean {
    return true;
  }

  attach(_target: BindableFunction, driver: string): void {
    this.driver = driver;
    if (driver === this.spec.driver) this.ports = this.#ownPorts();
  }

  detach(): void {
    this.driver = undefined;
    this.interfaceElsewhere = false;
    this.ports = [];
  }

  settleName(): void {
    // Its names are those of the specification from the start.
  }

  refuseMtu(mtu: number): string | undefined {
    return refuseMtu(mtu, this.spec.maxMtu);
  }

  #ownPorts(): Port[] {
    return this.spec.driver === undefined ? [] : portsOf(this.address, this.spec.interfaces ?? []);
  }

  #group(): string | undefined {
    const { iommu = true, groupWith } = this.spec;
    if (!iommu) return undefined;
    return groupWith === undefined ? this.node.allotIommuGroups(1)[0] : this.node.iommuGroupOf(groupWith);
  }
}
