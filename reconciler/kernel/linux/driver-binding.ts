import { KernelError, type PciAddress } from "../kernel.js";
import type { BlockingFiles } from "./blocking-files.js";
import { devicePath, driverPath } from "./pci-functions.js";
import { isThere, readLinkName } from "./sysfs.js";

/**
 * Gives one PCI function to a driver and takes it back, by `driver_override`: the alternative, the driver's `new_id`,
 * would claim every function of the same kind.
 */
export class DriverBinding {
  readonly #path: string;
  readonly #deadline: number;

  constructor(
    private readonly files: Pick<BlockingFiles, "read" | "write">,
    private readonly sysRoot: string,
    private readonly address: PciAddress,
    deadlineMs: number,
  ) {
    this.#path = devicePath(sysRoot, address);
    this.#deadline = Date.now() + deadlineMs;
  }

  /**
   * @throws {KernelError} ENODEV where the driver is not loaded or does not take the function, which then has the driver
   *   again that it had; ENOENT where the function is gone.
   */
  async bind(driver: string): Promise<void> {
    const before = this.#driver();
    if (before === driver) return;
    const override = await this.#readOverride();
    // Looked for before the function is taken from the driver that it has.
    if (!isThere(driverPath(this.sysRoot, driver))) {
      throw new KernelError("ENODEV", driverPath(this.sysRoot, driver), `bind ${this.address} to`);
    }
    await this.#override(driver);
    if (before !== undefined) await this.#unbind();
    await this.#probe();
    if (this.#driver() === driver) return;
    await this.#override(override);
    if (this.#driver() === undefined) await this.#probe();
    throw new KernelError("ENODEV", `${this.#path}/driver`, `bind to ${driver}`);
  }

  /**
   * Gives it to the driver that the kernel picks. One that has a driver without having been bound by an override is left
   * alone, since the kernel has picked already, unless that driver is `takeFrom`.
   *
   * @throws {KernelError} ENOENT where the function is gone.
   */
  async release(takeFrom?: string): Promise<void> {
    const override = await this.#readOverride();
    const driver = this.#driver();
    if (driver !== undefined) {
      if (override === "" && driver !== takeFrom) return;
      // Before the override is emptied: an attempt that is cut short is seen by it to be unfinished.
      await this.#unbind();
    }
    if (override !== "") await this.#override("");
    await this.#probe();
  }

  #driver(): string | undefined {
    return readLinkName(`${this.#path}/driver`);
  }

  /** Empty where there is none. Its readers wait for the device's lock, which whoever binds or unbinds holds. */
  async #readOverride(): Promise<string> {
    const text = await this.files.read(`${this.#path}/driver_override`, this.#options());
    return text === "(null)" ? "" : text;
  }

  /** An empty line is how to take it away; an empty string is not written at all. */
  async #override(driver: string): Promise<void> {
    await this.files.write(`${this.#path}/driver_override`, `${driver}\n`, this.#options());
  }

  async #unbind(): Promise<void> {
    try {
      await this.files.write(`${this.#path}/driver/unbind`, this.address, this.#options());
    } catch (error) {
      // Somebody else did it in between: no link to a driver any more, or one to another that does not have it.
      if (!isOneOf(error, "ENOENT", "ENODEV") || !isThere(this.#path)) throw error;
    }
  }

  async #probe(): Promise<void> {
    const path = `${this.sysRoot}/bus/pci/drivers_probe`;
    try {
      // One file for all functions of the bus; a driver that hangs in its probe holds up its own function only.
      await this.files.write(path, this.address, { ...this.#options(), device: `${path} ${this.address}` });
    } catch (error) {
      if (isOneOf(error, "ENODEV") && !isThere(this.#path)) {
        throw new KernelError("ENOENT", this.#path, "probe", { cause: error });
      }
      throw error;
    }
  }

  #options(): { readonly deadlineMs: number } {
    return { deadlineMs: Math.max(0, this.#deadline - Date.now()) };
  }
}

function isOneOf(error: unknown, ...codes: string[]): error is KernelError {
  return error instanceof KernelError && codes.includes(error.code);
}
