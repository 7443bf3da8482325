import type { NetworkInterface, PciAddress } from "../../../reconciler/kernel/kernel.js";
import type { InterfaceSpec } from "./hardware.js";
import { macAddressOf } from "./hardware.js";
import type { Signal } from "./signal.js";

/** A network interface as its function knows it; what stands on it, and addresses, are the node's. */
export type Port = Omit<NetworkInterface, "uppers" | "addresses">;

/** A function as its drivers see it: a NIC's physical or virtual one, or any other. */
export interface BindableFunction {
  readonly address: PciAddress;
  readonly vendorId: string;
  readonly deviceId: string;
  readonly classId: string;
  readonly iommuGroup?: string | undefined;
  readonly numaNode?: number | undefined;
  driver?: string | undefined;
  /** `driver_override`: the one driver that may take it. */
  override?: string | undefined;
  ports: readonly Port[];
  /** Its interface is in another network namespace; absent where it never is. */
  interfaceElsewhere?: boolean;
  /** Raised when the guest that has it lets go; absent while none has. */
  inUse?: Signal | undefined;
}

/** Whose a function is: that of the NIC that it is, or whose VF it is; any other one is its own. */
export interface FunctionOwner {
  /** The driver that is made for it. */
  ownDriverOf(target: BindableFunction): string | undefined;
  /** Whether the kernel offers it to that driver by itself. */
  offers(target: BindableFunction): boolean;
  attach(target: BindableFunction, driver: string): void;
  detach(target: BindableFunction): void;
  /** Its interface gets its final name, where it does not have that from the start. */
  settleName(target: BindableFunction): void;
  /** What its driver answers to an MTU: an errno's name, or `undefined` where it is in the driver's range. */
  refuseMtu(mtu: number): string | undefined;
}

export interface Vf extends BindableFunction {
  interfaceElsewhere: boolean;
}

/** What a device asks of the node that it is in. */
export interface NodeFacts {
  allotIommuGroups(count: number): string[];
  /** @throws {Error} There is no such function. */
  iommuGroupOf(address: string): string | undefined;
  /** What the kernel calls an interface before udev does. Never the same twice. */
  kernelName(): string;
  interfaceGone(name: string): void;
}

/** Interfaces as they are when their driver has made them. */
export function portsOf(address: PciAddress, interfaces: readonly InterfaceSpec[]): Port[] {
  return interfaces.map((it, port) => {
    const { name, linkState = "up", mtu = DEFAULT_MTU, linkType = "eth", alternativeNames = [] } = it;
    const macAddress = it.macAddress ?? macAddressOf(address, port);
    const up = linkState === "up";
    return { name, macAddress, linkState, port, up, mtu, linkType, alternativeNames: [...alternativeNames].sort() };
  });
}

/** An errno's name, or `undefined` where an interface can have this MTU. */
export function refuseMtu(mtu: number, maxMtu = 9710): string | undefined {
  return Number.isInteger(mtu) && mtu >= MIN_MTU && mtu <= maxMtu ? undefined : "EINVAL";
}

export const DEFAULT_MTU = 1500;
/** What IPv4 asks of every link, and `ether_setup` of every driver. */
const MIN_MTU = 68;
