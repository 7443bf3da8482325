import { execFileSync, type StdioOptions } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import { cacheDirectory } from "../../../image/cache-directory.js";
import {
  type DynamicProgram,
  environmentOf,
  isReadable,
  libraryFolders,
  onPath,
} from "../../../image/packages/dynamic-program.js";
import { guestModules } from "./initramfs.js";
import { hasModules } from "./kernel-modules.js";

/** A QEMU that emulates SR-IOV, and what it boots. */
export interface QemuParts {
  readonly qemu: QemuProgram;
  readonly kernel: Kernel;
  /** A busybox executable for the guest. */
  readonly busybox: string;
  /** The database of PCI names. */
  readonly pciIds: string;
  /** The `ip` of iproute2, which speaks of virtual functions; busybox's does not. */
  readonly iproute2: DynamicProgram;
}

export interface QemuProgram {
  readonly executable: string;
  /** Where its firmware is, when it is not where it was built to be. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

export interface Kernel {
  readonly image: string;
  /** `…/lib/modules/<version>` */
  readonly modules: string;
}

/** Where the QEMU node keeps what it unpacked and made: under the user's cache directory. */
export function qemuCache(): string {
  return join(cacheDirectory(), "qemu");
}

/** Where packages are unpacked to. */
export const unpackedParts = {
  qemu: () => join(qemuCache(), "packages", "qemu"),
  kernel: () => join(qemuCache(), "packages", "kernel"),
  busybox: () => join(qemuCache(), "packages", "busybox"),
  pciIds: () => join(qemuCache(), "packages", "pci.ids"),
  iproute2: () => join(qemuCache(), "packages", "iproute2"),
};

/**
 * What there is of the parts: named in the environment (`PULUMI_SRIOV_QEMU`, `PULUMI_SRIOV_KERNEL` with
 * `PULUMI_SRIOV_MODULES`, `PULUMI_SRIOV_BUSYBOX`, `PULUMI_SRIOV_PCI_IDS`, `PULUMI_SRIOV_IP`), installed on the machine, or
 * unpacked in the cache.
 *
 * @throws where the environment names something that will not do
 */
export function locateParts(): Partial<QemuParts> {
  const [qemu, kernel, iproute2] = [findQemu(), findKernel(), findIproute2()];
  const [busybox, pciIds] = [findBusybox(), findPciIds()];
  return {
    ...(qemu && { qemu }),
    ...(kernel && { kernel }),
    ...(iproute2 && { iproute2 }),
    ...(busybox !== undefined && { busybox }),
    ...(pciIds !== undefined && { pciIds }),
  };
}

function findQemu(): QemuProgram | undefined {
  const named = process.env["PULUMI_SRIOV_QEMU"];
  if (named !== undefined) {
    const program = emulatesIgb({ executable: named, args: [], env: {} });
    return program ?? unusable("PULUMI_SRIOV_QEMU", named, "is no QEMU with the device igb, which comes with QEMU 8");
  }
  const installed = onPath("qemu-system-x86_64");
  const program = installed === undefined ? undefined : emulatesIgb({ executable: installed, args: [], env: {} });
  return program ?? findUnpackedQemu();
}

function findUnpackedQemu(): QemuProgram | undefined {
  const root = unpackedParts.qemu();
  const executable = join(root, "usr", "bin", "qemu-system-x86_64");
  if (!existsSync(executable)) return undefined;
  const libraries = libraryFolders(root);
  const firmware = ["usr/share/qemu", "usr/share/seabios"].flatMap((folder) => ["-L", join(root, folder)]);
  return emulatesIgb({ executable, args: firmware, env: { LD_LIBRARY_PATH: libraries.join(delimiter) } });
}

function emulatesIgb(program: QemuProgram): QemuProgram | undefined {
  try {
    const devices = execFileSync(program.executable, ["-device", "help"], {
      encoding: "utf8",
      env: { ...process.env, ...program.env },
      stdio: ["ignore", "pipe", "ignore"],
    });
    return devices.includes('name "igb"') ? program : undefined;
  } catch {
    return undefined;
  }
}

function findKernel(): Kernel | undefined {
  const { PULUMI_SRIOV_KERNEL: image, PULUMI_SRIOV_MODULES: modules } = process.env;
  if (image !== undefined || modules !== undefined) {
    if (!isReadable(image ?? "")) return unusable("PULUMI_SRIOV_KERNEL", image, "cannot be read");
    if (!hasModules(modules ?? "", guestModules)) {
      return unusable("PULUMI_SRIOV_MODULES", modules, `does not have all of ${guestModules.join(", ")}`);
    }
    return { image: image ?? "", modules: modules ?? "" };
  }
  return installedKernel("") ?? installedKernel(unpackedParts.kernel());
}

function installedKernel(root: string): Kernel | undefined {
  const parent = join(root, "/lib/modules");
  const versions = existsSync(parent) ? readdirSync(parent) : [];
  return versions
    .map((version) => ({
      image: [join(root, "/boot", `vmlinuz-${version}`), join(parent, version, "vmlinuz")].find(isReadable),
      modules: join(parent, version),
    }))
    .find((kernel): kernel is Kernel => kernel.image !== undefined && hasModules(kernel.modules, guestModules));
}

function findBusybox(): string | undefined {
  const named = process.env["PULUMI_SRIOV_BUSYBOX"];
  if (named !== undefined) {
    return hasApplets(named) ? named : unusable("PULUMI_SRIOV_BUSYBOX", named, `lacks one of ${applets.join(", ")}`);
  }
  return [
    onPath("busybox"),
    join(unpackedParts.busybox(), "bin", "busybox"),
    join(unpackedParts.busybox(), "usr", "bin", "busybox"),
  ]
    .flatMap((path) => path ?? [])
    .find((path) => existsSync(path) && hasApplets(path));
}

/** What the scripts of the guest, and the unpacking of its modules, need of busybox. */
const applets = ["init", "sh", "insmod", "ip", "base64", "setsid", "usleep", "xz"];

function hasApplets(busybox: string): boolean {
  try {
    const listed = execFileSync(busybox, ["--list"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    return applets.every((applet) => listed.split("\n").includes(applet));
  } catch {
    return false;
  }
}

function findPciIds(): string | undefined {
  const named = process.env["PULUMI_SRIOV_PCI_IDS"];
  if (named !== undefined) return isReadable(named) ? named : unusable("PULUMI_SRIOV_PCI_IDS", named, "cannot be read");
  const folders = ["/usr/share/misc", "/usr/share/hwdata", join(unpackedParts.pciIds(), "usr/share/misc")];
  return folders.map((folder) => join(folder, "pci.ids")).find(isReadable);
}

function findIproute2(): DynamicProgram | undefined {
  const named = process.env["PULUMI_SRIOV_IP"];
  if (named !== undefined) {
    const program = ofIproute2({ executable: named });
    return program ?? unusable("PULUMI_SRIOV_IP", named, "is not the ip of iproute2");
  }
  const installed = [onPath("ip"), "/usr/bin/ip", "/usr/sbin/ip", "/bin/ip", "/sbin/ip"];
  const found = installed.find((executable) => executable !== undefined && ofIproute2({ executable }) !== undefined);
  return found === undefined ? findUnpackedIp() : { executable: found };
}

function findUnpackedIp(): DynamicProgram | undefined {
  const root = unpackedParts.iproute2();
  const executable = ["usr/bin/ip", "bin/ip"].map((path) => join(root, path)).find(existsSync);
  const libraries = libraryFolders(root);
  return executable === undefined ? undefined : ofIproute2({ executable, libraries });
}

/** Busybox has an `ip` too, which may be first on PATH. */
function ofIproute2(program: DynamicProgram): DynamicProgram | undefined {
  try {
    const env = environmentOf(program);
    const stdio: StdioOptions = ["ignore", "pipe", "ignore"];
    const version = execFileSync(program.executable, ["-V"], { encoding: "utf8", env, stdio });
    return version.includes("iproute2") ? program : undefined;
  } catch {
    return undefined;
  }
}

function unusable(variable: string, value: string | undefined, why: string): never {
  throw new Error(value === undefined ? `${variable} is not set` : `${variable}: ${value} ${why}`);
}
