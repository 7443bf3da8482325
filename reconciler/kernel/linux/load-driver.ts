import { execFile } from "node:child_process";
import { KernelError } from "../kernel.js";
import { driverPath } from "./pci-functions.js";
import { isThere } from "./sysfs.js";

/** Loads the module of a PCI driver by the node's `modprobe`. @throws {KernelError} As `Kernel.loadDriver` says. */
export async function loadDriver(sysRoot: string, driver: string, deadlineMs: number): Promise<void> {
  const path = driverPath(sysRoot, driver);
  if (isThere(path)) return;
  await new Promise<void>((resolve, reject) => {
    execFile("modprobe", ["--", driver], { timeout: deadlineMs, killSignal: "SIGKILL" }, (error) => {
      if (error === null) resolve();
      else
        reject(
          new KernelError(error.killed ? "ETIMEDOUT" : "ENOENT", path, `modprobe ${driver} for`, { cause: error }),
        );
    });
  });
  if (!isThere(path)) throw new KernelError("ENODEV", path, `modprobe ${driver} for`);
}
