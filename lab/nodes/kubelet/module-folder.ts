import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { type DynamicProgram, environmentOf } from "../../../image/packages/dynamic-program.js";
import { modulesInOrder } from "../qemu/kernel-modules.js";

/** Modules that a node's `modprobe` can load. The boot has them loaded already; who unloads them can have them loaded. */
export const LOADABLE: readonly string[] = ["vfio_pci", "vfio_iommu_type1"];

export interface ModuleSource {
  /** `…/lib/modules/<version>` of the kernel. */
  readonly modules: string;
  readonly busybox: string;
  /** Any of kmod's programs: each is all of them, and does what it is called. */
  readonly kmod: DynamicProgram;
}

/** Makes `lib/modules/<version>` in a folder, with {@link LOADABLE} and what that needs, as `modprobe` looks for modules. */
export function writeModuleFolder(root: string, { modules, busybox, kmod }: ModuleSource): void {
  const version = basename(modules);
  const folder = join(root, "lib/modules", version);
  mkdirSync(join(folder, "kernel"), { recursive: true });
  for (const { name, image } of modulesInOrder(modules, LOADABLE, busybox)) {
    writeFileSync(join(folder, "kernel", `${name}.ko`), image);
  }
  for (const list of ["modules.order", "modules.builtin", "modules.builtin.modinfo"]) {
    if (existsSync(join(modules, list))) copyFileSync(join(modules, list), join(folder, list));
  }
  const options = { argv0: "depmod", env: environmentOf(kmod) };
  execFileSync(kmod.executable, ["-b", root, version], { ...options, stdio: ["ignore", "ignore", "pipe"] });
}
