import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { gunzipSync, zstdDecompressSync } from "node:zlib";

/** A kernel module, decompressed. */
export interface KernelModule {
  readonly name: string;
  readonly image: Buffer;
}

/**
 * The named modules and everything they depend on, in the order in which they can be inserted.
 *
 * Dependencies are read from the modules themselves: `modules.dep` is made by the package's installation, and is not
 * there in a kernel package that was only unpacked.
 *
 * @param directory the kernel's own folder, `…/lib/modules/<version>`
 * @param busybox a busybox with `xz`, used for modules compressed that way
 * @throws when a module is neither in the folder nor built into the kernel
 */
export function modulesInOrder(directory: string, names: readonly string[], busybox: string): KernelModule[] {
  const files = moduleFiles(join(directory, "kernel"));
  const builtin = builtinModules(directory);
  const ordered = new Map<string, KernelModule>();
  const visit = (name: string, wantedBy: string): void => {
    if (ordered.has(name) || builtin.has(name)) return;
    const file = files.get(name);
    if (file === undefined) throw new Error(`kernel module ${name} (needed by ${wantedBy}) is not in ${directory}`);
    const image = readModule(file, busybox);
    for (const dependency of dependencies(image)) visit(dependency, name);
    ordered.set(name, { name, image });
  };
  for (const name of names) visit(name, "the QEMU node");
  return [...ordered.values()];
}

/** Whether a folder `…/lib/modules/<version>` has all the named modules, as files or built in. */
export function hasModules(directory: string, names: readonly string[]): boolean {
  try {
    const files = moduleFiles(join(directory, "kernel"));
    const builtin = builtinModules(directory);
    return names.every((name) => files.has(name) || builtin.has(name));
  } catch {
    return false;
  }
}

function moduleFiles(root: string): Map<string, string> {
  const paths = readdirSync(root, { recursive: true }).map((path) => join(root, path.toString()));
  return new Map(paths.filter((path) => /\.ko(\.\w+)?$/.test(path)).map((path) => [moduleName(path), path]));
}

function builtinModules(directory: string): Set<string> {
  const lines = readFileSync(join(directory, "modules.builtin"), "utf8").split("\n");
  return new Set(lines.filter((line) => line !== "").map(moduleName));
}

/** The kernel writes `vfio_pci` for what lies in `vfio-pci.ko`. */
function moduleName(path: string): string {
  return basename(path)
    .replace(/\.ko(\.\w+)?$/, "")
    .replaceAll("-", "_");
}

function readModule(file: string, busybox: string): Buffer {
  if (file.endsWith(".xz")) return execFileSync(busybox, ["xz", "-dc", file], { maxBuffer: 64 << 20 });
  const image = readFileSync(file);
  if (file.endsWith(".zst")) return zstdDecompressSync(image);
  return file.endsWith(".gz") ? gunzipSync(image) : image;
}

/** The `depends=` string of the module's `.modinfo` section: names divided by commas, ended by a NUL. */
function dependencies(image: Buffer): string[] {
  const key = "\0depends=";
  const start = image.indexOf(key, 0, "latin1");
  if (start < 0) return [];
  const list = image.toString("latin1", start + key.length, image.indexOf(0, start + key.length));
  return list.split(",").flatMap((name) => (name === "" ? [] : [name.replaceAll("-", "_")]));
}
