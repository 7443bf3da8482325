import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { appendFile, copyFile } from "node:fs/promises";
import { constants } from "node:fs";
import { join } from "node:path";
import { type CpioEntry, cpioArchive } from "./cpio.js";
import { guestScripts } from "./guest-scripts.js";
import { modulesInOrder } from "./kernel-modules.js";
import type { DynamicProgram } from "../../../image/packages/dynamic-program.js";
import { sharedLibraries } from "../../../image/packages/shared-libraries.js";

/** The modules that a node needs; what they depend on comes along. */
export const guestModules: readonly string[] = [
  "virtio_pci",
  "virtio_console",
  "e1000e",
  "igb",
  "igbvf",
  "vfio_iommu_type1",
  "vfio_pci",
  "bridge",
  "bonding",
  "8021q",
];

export interface BaseImageParts {
  /** A busybox for the guest; it also unpacks modules on the host. */
  readonly busybox: string;
  /** `…/lib/modules/<version>` of the kernel that will boot. */
  readonly modules: string;
  /** The database of PCI names, `pci.ids`. */
  readonly pciIds: string;
  /** `/usr/sbin/ip` in the guest; `ip` alone is busybox's there, which starts sooner. */
  readonly iproute2: DynamicProgram;
  /** The Node executable that the guest gets. Default: the one that runs this. */
  readonly node?: string;
}

/**
 * The part of the initramfs that is the same for every guest: busybox, modules, Node and iproute2 with
 * their libraries, `pci.ids`, scripts. Made once and kept in `cacheDirectory` under a name that follows from its ingredients.
 *
 * It is not compressed: copying 140 MB costs an emulated processor far less than unpacking 50.
 *
 * @returns the path of the image
 */
export function baseImage(parts: BaseImageParts, cacheDirectory: string): string {
  const node = parts.node ?? process.execPath;
  const ip = parts.iproute2.executable;
  const libraries = sharedLibraries([{ executable: parts.busybox }, { executable: node }, parts.iproute2]);
  const large = [parts.busybox, node, ip, ...libraries.map(({ source }) => source)];
  const path = join(cacheDirectory, `base-${fingerprint([parts.modules, parts.pciIds, ...large])}.cpio`);
  if (existsSync(path)) return path;
  const image = cpioArchive([
    ...busyboxEntries(parts.busybox),
    { path: "/bin/node", file: readFileSync(node), executable: true },
    { path: "/usr/sbin/ip", file: readFileSync(ip), executable: true },
    ...libraries.map(({ source, path }) => ({ path, file: readFileSync(source), executable: true })),
    { path: "/usr/share/misc/pci.ids", file: readFileSync(parts.pciIds) },
    ...moduleEntries(parts),
    ...Object.entries(guestScripts).map(([script, text]) => ({
      path: script,
      file: Buffer.from(text),
      executable: true,
    })),
    ...["/proc", "/sys", "/dev", "/root", "/etc", "/var/lib/kubelet/pod-resources"].map((empty) => ({
      path: empty,
      directory: true as const,
    })),
  ]);
  mkdirSync(cacheDirectory, { recursive: true });
  // Renamed into place, so that a run that is cut short or a second one at the same time leaves no half image.
  const unfinished = `${path}.${process.pid}`;
  writeFileSync(unfinished, image);
  renameSync(unfinished, path);
  removeAllButNewest(cacheDirectory, 3);
  return path;
}

export function removeAllButNewest(directory: string, kept: number): void {
  const paths = readdirSync(directory).map((name) => join(directory, name));
  const newestFirst = paths
    .map((path) => ({ path, time: statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0 }))
    .sort((a, b) => b.time - a.time);
  for (const { path } of newestFirst.slice(kept)) rmSync(path, { force: true });
}

/** Writes the image of one guest to `path`: the base with the guest's own files behind it. */
export async function guestImage(path: string, base: string, files: Readonly<Record<string, string | Buffer>>) {
  const entries = Object.entries(files).map(([file, content]) => ({ path: file, file: Buffer.from(content) }));
  await copyFile(base, path, constants.COPYFILE_FICLONE);
  await appendFile(path, cpioArchive(entries));
}

function busyboxEntries(busybox: string): CpioEntry[] {
  const applets = execFileSync(busybox, ["--list"], { encoding: "utf8" }).split("\n");
  return [
    { path: "/bin/busybox", file: readFileSync(busybox), executable: true },
    { path: "/init", link: "bin/busybox" },
    ...applets
      .filter((applet) => applet !== "" && applet !== "busybox")
      .map((applet) => ({ path: `/bin/${applet}`, link: "busybox" })),
  ];
}

function moduleEntries({ modules, busybox }: BaseImageParts): CpioEntry[] {
  return modulesInOrder(modules, guestModules, busybox).map(({ name, image }, index) => ({
    path: `/etc/lab/modules/${String(index).padStart(2, "0")}-${name}.ko`,
    file: image,
  }));
}

/** Large ingredients by path, size and time of change; scripts and the list of modules by content. */
function fingerprint(ingredients: readonly string[]): string {
  const hash = createHash("sha256").update(JSON.stringify([guestScripts, guestModules]));
  for (const path of ingredients) {
    const { size, mtimeMs } = statSync(path);
    hash.update(JSON.stringify([path, size, mtimeMs]));
  }
  return hash.digest("hex").slice(0, 16);
}
