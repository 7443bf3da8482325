import type { Connection } from "../remote/connection.js";
import type { HardwareControl, HardwareState } from "./control.js";
import type { FunctionSpec, NicSpec } from "./hardware.js";
import type { InUsePolicy } from "./nic.js";
import type { WriteRecord } from "./numvfs-writes.js";
import type { Delays } from "./timing.js";
import { connectToSimulatedNode } from "./node-connection.js";

/** The hardware of a simulated node that another process serves at `socketPath`, for tests and demonstrations. */
export class SimulatedHardware implements HardwareControl {
  readonly #connection: Connection;

  constructor(socketPath: string) {
    this.#connection = connectToSimulatedNode(socketPath);
  }

  async hardwareState(): Promise<HardwareState> {
    return (await this.#call("hardwareState")) as HardwareState;
  }

  async setNumVfsByHand(address: string, count: number): Promise<void> {
    await this.#call("setNumVfsByHand", address, count);
  }

  async setInUse(address: string, inUse: boolean): Promise<void> {
    await this.#call("setInUse", address, inUse);
  }

  async setInUsePolicy(policy: InUsePolicy): Promise<void> {
    await this.#call("setInUsePolicy", policy);
  }

  async setDelays(delays: Partial<Delays>): Promise<void> {
    await this.#call("setDelays", delays);
  }

  async failNext(address: string, code: string): Promise<void> {
    await this.#call("failNext", address, code);
  }

  async hang(address: string, hanging: boolean): Promise<void> {
    await this.#call("hang", address, hanging);
  }

  async setUnreadable(address: string, code: string | undefined): Promise<void> {
    await this.#call("setUnreadable", address, code);
  }

  async setEnableLimit(address: string, limit: number | undefined): Promise<void> {
    await this.#call("setEnableLimit", address, limit);
  }

  async plug(spec: NicSpec): Promise<void> {
    await this.#call("plug", spec);
  }

  async plugFunction(spec: FunctionSpec): Promise<void> {
    await this.#call("plugFunction", spec);
  }

  async unplug(address: string): Promise<void> {
    await this.#call("unplug", address);
  }

  async reboot(): Promise<void> {
    await this.#call("reboot");
  }

  async rename(address: string, name: string, port = 0): Promise<void> {
    await this.#call("rename", address, name, port);
  }

  async bindDriverByHand(address: string, driver: string): Promise<void> {
    await this.#call("bindDriverByHand", address, driver);
  }

  async unbindDriver(address: string): Promise<void> {
    await this.#call("unbindDriver", address);
  }

  async setMtuByHand(address: string, mtu: number): Promise<void> {
    await this.#call("setMtuByHand", address, mtu);
  }

  async setDriverLoaded(driver: string, loaded: boolean): Promise<void> {
    await this.#call("setDriverLoaded", driver, loaded);
  }

  async setDriverLoadable(driver: string, loadable: boolean): Promise<void> {
    await this.#call("setDriverLoadable", driver, loadable);
  }

  async setMounts(address: string, mounts: readonly string[]): Promise<void> {
    await this.#call("setMounts", address, mounts);
  }

  async setDefaultRoute(interfaces: readonly string[]): Promise<void> {
    await this.#call("setDefaultRoute", interfaces);
  }

  async setUppers(interfaceName: string, uppers: readonly string[]): Promise<void> {
    await this.#call("setUppers", interfaceName, uppers);
  }

  async setAddresses(addresses: Readonly<Record<string, readonly string[]>>): Promise<void> {
    await this.#call("setAddresses", addresses);
  }

  async setInterfaceElsewhere(vfAddress: string, elsewhere: boolean): Promise<void> {
    await this.#call("setInterfaceElsewhere", vfAddress, elsewhere);
  }

  async writes(): Promise<readonly WriteRecord[]> {
    return (await this.#call("writes")) as WriteRecord[];
  }

  async waitForWrites(count: number): Promise<readonly WriteRecord[]> {
    return (await this.#call("waitForWrites", count)) as WriteRecord[];
  }

  async clearWrites(): Promise<void> {
    await this.#call("clearWrites");
  }

  /** The next call connects again. */
  close(): void {
    this.#connection.close();
  }

  #call(method: keyof HardwareControl, ...params: unknown[]): Promise<unknown> {
    return this.#connection.request(method, params);
  }
}
