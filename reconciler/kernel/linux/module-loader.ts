import { spawn } from "node:child_process";
import { basename } from "node:path";
import { KernelError } from "../kernel.js";
import { driverPath } from "./pci-functions.js";
import { isThere } from "./sysfs.js";

/** Has the kernel load modules of PCI drivers, by `modprobe`, which knows where they are and what they need. */
export class ModuleLoader {
  /** By driver. A module that hangs while it is loaded costs one process, not one with every attempt. */
  readonly #underWay = new Map<string, Promise<KernelError | undefined>>();

  constructor(
    private readonly sysRoot: string,
    /** The program: a name to be found in PATH, or a path. */
    private readonly modprobe = "modprobe",
  ) {}

  /** @throws {KernelError} As `Kernel.loadDriver` says. */
  async load(driver: string, deadlineMs: number): Promise<void> {
    if (isThere(driverPath(this.sysRoot, driver))) return;
    const loading = this.#underWay.get(driver) ?? this.#start(driver);
    const deadline = Promise.withResolvers<KernelError>();
    const timer = setTimeout(() => deadline.resolve(this.#error("ETIMEDOUT", driver)), deadlineMs);
    const failure = await Promise.race([loading, deadline.promise]);
    clearTimeout(timer);
    if (failure !== undefined) throw failure;
    if (isThere(driverPath(this.sysRoot, driver))) return;
    throw new KernelError(
      "ENODEV",
      `${this.sysRoot}/module/${driver.replaceAll("-", "_")}`,
      `find driver ${driver} in`,
    );
  }

  #start(driver: string): Promise<KernelError | undefined> {
    const loading = this.#run(driver).finally(() => this.#underWay.delete(driver));
    this.#underWay.set(driver, loading);
    return loading;
  }

  #run(driver: string): Promise<KernelError | undefined> {
    // Where root's programs are, PATH of a service need not say. Its words are read below, so they must be English.
    const env = { PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`, LC_ALL: "C" };
    const child = spawn(this.modprobe, [driver], { stdio: ["ignore", "ignore", "pipe"], env });
    child.unref();
    let said = "";
    child.stderr.on("data", (text: Buffer) => (said += text.toString()));
    return new Promise((resolve) => {
      child.once("error", (error: NodeJS.ErrnoException) => {
        resolve(new KernelError(error.code ?? "EIO", basename(this.modprobe), `load ${driver} by`, { cause: error }));
      });
      child.once("close", (status) => {
        if (status === 0) resolve(undefined);
        else resolve(this.#error(errnoIn(said), driver, new Error(said.trim())));
      });
    });
  }

  #error(code: string, driver: string, cause?: Error): KernelError {
    return new KernelError(code, driverPath(this.sysRoot, driver), `modprobe ${driver} for`, cause && { cause });
  }
}

/** Both kmod's `modprobe` and busybox's end with the errno's words, or say that they found no module. */
function errnoIn(words: string): string {
  return ERRNOS.find(([pattern]) => pattern.test(words))?.[1] ?? "EIO";
}

const ERRNOS: readonly (readonly [RegExp, string])[] = [
  [/not found|no such file/i, "ENOENT"],
  [/not permitted/i, "EPERM"],
  [/permission denied/i, "EACCES"],
  [/no such device/i, "ENODEV"],
  [/key was rejected|required key not available/i, "EKEYREJECTED"],
  [/invalid argument|exec format error|unknown symbol/i, "EINVAL"],
  [/cannot allocate memory/i, "ENOMEM"],
];
