import type { NodeSnapshot, PciAddress } from "../../../reconciler/kernel/kernel.js";
import type { FunctionSpec, NicSpec } from "./hardware.js";
import type { InUsePolicy } from "./nic.js";
import type { WriteRecord } from "./numvfs-writes.js";
import type { Delays } from "./timing.js";

/**
 * What can happen to a node's hardware that its agent has no part in. Addresses are text here, for the sake of whoever
 * writes a test; one that does not exist is an error that lists those that do.
 */
export interface HardwareControl {
  /** The truth, whatever any agent believes. */
  hardwareState(): Promise<HardwareState>;

  /** Somebody writes `sriov_numvfs` past the agent, under the kernel's same rules. @throws {KernelError} */
  setNumVfsByHand(address: string, count: number): Promise<void>;
  /** A guest takes or leaves this function. While one has it, unbinding its driver does not return. */
  setInUse(address: string, inUse: boolean): Promise<void>;
  /** Whether removing VFs that are in use is EBUSY (`refuse`, the default) or happens. */
  setInUsePolicy(policy: InUsePolicy): Promise<void>;

  /** Those that are not given stay as they are. */
  setDelays(delays: Partial<Delays>): Promise<void>;
  /** The next write to this PF answers `code`, an errno's name, and changes nothing. Repeated calls queue up. */
  failNext(address: string, code: string): Promise<void>;
  /** While true, no write to this PF returns. Released, those that wait go on: hardware forgets no write. */
  hang(address: string, hanging: boolean): Promise<void>;
  /** Reading this PF or other function answers `code`; `undefined` makes it readable again. */
  setUnreadable(address: string, code: string | undefined): Promise<void>;
  /** The driver enables at most this many VFs and still reports success; `undefined` for no limit. */
  setEnableLimit(address: string, limit: number | undefined): Promise<void>;

  /** A NIC goes in; its interfaces are named late when delays say so. */
  plug(spec: NicSpec): Promise<void>;
  /** One that is no SR-IOV NIC goes in. */
  plugFunction(spec: FunctionSpec): Promise<void>;
  /** It goes, a NIC with its VFs; writes under way answer ENODEV. */
  unplug(address: string): Promise<void>;
  /**
   * No VFs, nothing in use, nothing hangs, the first drivers and names again (late, when delays say so), and of modules
   * those that are loaded at power-on. Delays and the node's configuration stay: its routes and mounts, and the addresses
   * and uppers of interfaces that are no VF's.
   */
  reboot(): Promise<void>;
  /** Of a PF or VF. `port` 0 by default. */
  rename(address: string, name: string, port?: number): Promise<void>;
  /**
   * By a `driver_override` that is taken away afterwards, as the sriov-network-operator does, under the kernel's same
   * rules: a driver that is not loaded is ENODEV. Only the function's own driver gives it an interface; `vfio-pci`, say,
   * takes it away. @throws {KernelError}
   */
  bindDriverByHand(address: string, driver: string): Promise<void>;
  /** Of any function; a PF loses its VFs and interfaces. */
  unbindDriver(address: string): Promise<void>;

  /** Of the first interface of a PF or VF, as `ip link set … mtu`. @throws {KernelError} */
  setMtuByHand(address: string, mtu: number): Promise<void>;

  /** `modprobe`, or its `-r`, of a driver that is not a NIC's: `vfio-pci`, which is loaded at the start unless told so. */
  setDriverLoaded(driver: string, loaded: boolean): Promise<void>;
  /** Whether the node has the module of this driver, so that the agent can have it loaded. */
  setDriverLoadable(driver: string, loadable: boolean): Promise<void>;

  /** What the node does with disks behind a function that is no NIC; empty for nothing. */
  setMounts(address: string, mounts: readonly string[]): Promise<void>;

  setDefaultRoute(interfaces: readonly string[]): Promise<void>;
  /** Nearest first; empty to release it. A VF's interface loses them when it goes, and its addresses too. */
  setUppers(interfaceName: string, uppers: readonly string[]): Promise<void>;
  /** Replaces all of the node's. */
  setAddresses(addresses: Readonly<Record<string, readonly string[]>>): Promise<void>;
  /** Interfaces of a VF or function go to a pod, which leaves them down and without addresses, or come back. */
  setInterfaceElsewhere(address: string, elsewhere: boolean): Promise<void>;

  /** Every write to a `sriov_numvfs` since the start or {@link clearWrites}, in the order in which they came in. */
  writes(): Promise<readonly WriteRecord[]>;
  /** Resolves with {@link writes} once there are at least `count`, those that have not returned among them. */
  waitForWrites(count: number): Promise<readonly WriteRecord[]>;
  clearWrites(): Promise<void>;
}

export interface HardwareState {
  readonly snapshot: NodeSnapshot;
  /** VFs that a guest has. */
  readonly inUse: readonly PciAddress[];
  readonly inUsePolicy: InUsePolicy;
  readonly delays: Delays;
}
