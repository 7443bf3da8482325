import { KernelError, type PciAddress } from "../../../reconciler/kernel/kernel.js";
import type { NodeModel } from "./model.js";
import type { BindableFunction, Nic } from "./nic.js";
import type { Timing } from "./timing.js";

/** Linux's rules for which driver a function has, as `driver_override`, `unbind` and `drivers_probe` follow them. */
export class Drivers {
  readonly #loaded: Set<string>;

  /** @param loaded drivers that are there beside those of NICs and VFs, and take any function that they are told to. */
  constructor(
    private readonly model: NodeModel,
    private readonly timing: Timing,
    loaded: readonly string[],
  ) {
    this.#loaded = new Set(loaded);
  }

  load(driver: string, loaded: boolean): void {
    if (loaded) this.#loaded.add(driver);
    else this.#loaded.delete(driver);
  }

  /** @throws {KernelError} */
  async bind(address: PciAddress, driver: string): Promise<void> {
    const operation = `bind to ${driver}`;
    const { nic, target } = this.#find(address, operation);
    if (target.driver === driver) return;
    if (!this.#isLoaded(driver)) {
      throw new KernelError("ENODEV", `/sys/bus/pci/drivers/${driver}`, `bind ${address} to`);
    }
    const { override } = target;
    target.override = driver;
    await this.#unbind(nic, target, operation);
    this.probe(nic, target);
    if (target.driver === driver) return;
    target.override = override;
    this.probe(nic, target);
    throw new KernelError("ENODEV", `${devicePath(address)}/driver`, operation);
  }

  /** @throws {KernelError} */
  async release(address: PciAddress, takeFrom?: string): Promise<void> {
    const { nic, target } = this.#find(address, "probe");
    if (target.driver !== undefined && target.override === undefined && target.driver !== takeFrom) return;
    await this.#unbind(nic, target, "probe");
    target.override = undefined;
    this.probe(nic, target);
  }

  /** Offers a function that has no driver to the one that is told to take it, or else to the one that is made for it. */
  probe(nic: Nic, target: BindableFunction): void {
    if (target.driver !== undefined) return;
    // `sriov_drivers_autoprobe` is asked with every probe of a VF, not at its creation alone; an override goes before it.
    const mayBeOffered = target === nic || nic.driversAutoprobe;
    const driver = target.override ?? (mayBeOffered ? nic.ownDriverOf(target) : undefined);
    if (driver === undefined || !this.#takes(nic, target, driver)) return;
    nic.attach(target, driver);
    const provisional = target.ports;
    if (target === nic || provisional.length === 0) return;
    this.timing.after("name", () => {
      if (target.ports === provisional) nic.nameVf(target);
    });
  }

  /** A driver doesn't return from its removal before the guest has let go of the function. */
  async #unbind(nic: Nic, target: BindableFunction, operation: string): Promise<void> {
    await target.inUse?.raised;
    if (this.#find(target.address, operation).target !== target) throw gone(target.address, operation);
    nic.detach(target);
  }

  #find(address: PciAddress, operation: string): { readonly nic: Nic; readonly target: BindableFunction } {
    const found = this.model.functionAt(address);
    if (!found) throw gone(address, operation);
    return found;
  }

  #isLoaded(driver: string): boolean {
    const ofNics = this.model.nics.flatMap((nic) => [nic.ownDriver, nic.ownVfDriver]);
    return this.#loaded.has(driver) || ofNics.includes(driver);
  }

  #takes(nic: Nic, target: BindableFunction, driver: string): boolean {
    if (driver === nic.ownDriverOf(target)) return true;
    return this.#loaded.has(driver) && (driver !== "vfio-pci" || target.iommuGroup !== undefined);
  }
}

export function devicePath(address: PciAddress): string {
  return `/sys/bus/pci/devices/${address}`;
}

function gone(address: PciAddress, operation: string): KernelError {
  return new KernelError("ENOENT", devicePath(address), operation);
}
