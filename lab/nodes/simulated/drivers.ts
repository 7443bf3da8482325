import { KernelError, type PciAddress } from "../../../reconciler/kernel/kernel.js";
import type { HardwareSpec } from "./hardware.js";
import type { NodeModel } from "./model.js";
import type { BindableFunction, FunctionOwner } from "./bindable-function.js";
import type { Timing } from "./timing.js";

/** Linux's rules for which driver a function has, as `driver_override`, `unbind` and `drivers_probe` follow them. */
export class Drivers {
  #loaded: Set<string>;
  readonly #loadable: Set<string>;

  /** @param spec drivers that are there beside those of the devices themselves, and take any function that they are told to. */
  constructor(
    private readonly model: NodeModel,
    private readonly timing: Timing,
    private readonly spec: Pick<HardwareSpec, "drivers" | "loadableDrivers">,
  ) {
    this.#loaded = new Set(spec.drivers ?? [VFIO]);
    this.#loadable = new Set(spec.loadableDrivers ?? [VFIO]);
  }

  setLoaded(driver: string, loaded: boolean): void {
    if (loaded) this.#loaded.add(driver);
    else this.#loaded.delete(driver);
  }

  setLoadable(driver: string, loadable: boolean): void {
    if (loadable) this.#loadable.add(driver);
    else this.#loadable.delete(driver);
  }

  /** @throws {KernelError} */
  load(driver: string): void {
    if (this.#isLoaded(driver)) return;
    if (!this.#loadable.has(driver)) throw new KernelError("ENOENT", driverPath(driver), `modprobe ${driver} for`);
    this.#loaded.add(driver);
  }

  /** What was loaded by hand or on demand is not any more. */
  reboot(): void {
    this.#loaded = new Set(this.spec.drivers ?? [VFIO]);
  }

  /** @throws {KernelError} */
  async bind(address: PciAddress, driver: string): Promise<void> {
    const operation = `bind to ${driver}`;
    const { owner, target } = this.#find(address, operation);
    if (target.driver === driver) return;
    if (!this.#isLoaded(driver)) {
      throw new KernelError("ENODEV", driverPath(driver), `bind ${address} to`);
    }
    const { override } = target;
    target.override = driver;
    await this.#unbind(owner, target, operation);
    this.probe(owner, target);
    if (target.driver === driver) return;
    target.override = override;
    this.probe(owner, target);
    throw new KernelError("ENODEV", `${devicePath(address)}/driver`, operation);
  }

  /** @throws {KernelError} */
  async release(address: PciAddress, takeFrom?: string): Promise<void> {
    const { owner, target } = this.#find(address, "probe");
    if (target.driver !== undefined && target.override === undefined && target.driver !== takeFrom) return;
    await this.#unbind(owner, target, "probe");
    target.override = undefined;
    this.probe(owner, target);
  }

  /** Offers a function that has no driver to the one that is told to take it, or else to the one that is made for it. */
  probe(owner: FunctionOwner, target: BindableFunction): void {
    if (target.driver !== undefined) return;
    // An override goes before what the kernel would offer by itself.
    const driver = target.override ?? (owner.offers(target) ? owner.ownDriverOf(target) : undefined);
    if (driver === undefined || !this.#takes(owner, target, driver)) return;
    owner.attach(target, driver);
    const provisional = target.ports;
    if (provisional.length === 0) return;
    this.timing.after("name", () => {
      if (target.ports === provisional) owner.settleName(target);
    });
  }

  /** A driver doesn't return from its removal before the guest has let go of the function. */
  async #unbind(owner: FunctionOwner, target: BindableFunction, operation: string): Promise<void> {
    await target.inUse?.raised;
    if (this.#find(target.address, operation).target !== target) throw gone(target.address, operation);
    owner.detach(target);
  }

  #find(address: PciAddress, operation: string): { readonly owner: FunctionOwner; readonly target: BindableFunction } {
    const found = this.model.functionAt(address);
    if (!found) throw gone(address, operation);
    return found;
  }

  #isLoaded(driver: string): boolean {
    return this.#loaded.has(driver) || this.model.ownDrivers.includes(driver);
  }

  #takes(owner: FunctionOwner, target: BindableFunction, driver: string): boolean {
    if (driver === owner.ownDriverOf(target)) return true;
    return this.#loaded.has(driver) && (driver !== VFIO || target.iommuGroup !== undefined);
  }
}

export function devicePath(address: PciAddress): string {
  return `/sys/bus/pci/devices/${address}`;
}

function driverPath(driver: string): string {
  return `/sys/bus/pci/drivers/${driver}`;
}

const VFIO = "vfio-pci";

function gone(address: PciAddress, operation: string): KernelError {
  return new KernelError("ENOENT", devicePath(address), operation);
}
