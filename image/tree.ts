import { chmodSync, copyFileSync, lutimesSync, mkdirSync, readdirSync, renameSync, symlinkSync } from "node:fs";
import { existsSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { bundleReconciler } from "./bundle-reconciler.js";
import { BUNDLE, NODE, OPT, USER } from "./image-config.js";
import { compileCacheName } from "./runtime.js";
import type { DynamicProgram } from "./packages/dynamic-program.js";
import { findSystemParts } from "./packages/parts.js";
import { sharedLibraries } from "./packages/shared-libraries.js";

export interface TreeOptions {
  readonly log?: (line: string) => void;
}

/**
 * Makes the files of the reconciler's image, as a folder that could be a container's root: Node, `modprobe`, the libraries
 * of both, `pci.ids`, and the reconciler. From the same programs it is the same to the byte, whenever and wherever it is
 * made.
 *
 * @param directory Made; must not be there
 * @throws {Error} `modprobe` or `pci.ids` is nowhere to be had; says how to install it
 */
export async function reconcilerTree(directory: string, { log }: TreeOptions = {}): Promise<void> {
  if (existsSync(directory)) throw new Error(`${directory} is there already: name a folder that is to be made`);
  const { modprobe, pciIds } = await findSystemParts(log);
  const node: DynamicProgram = { executable: process.execPath };
  const copies: Record<string, string> = {
    [NODE]: node.executable,
    "/usr/sbin/modprobe": modprobe.executable,
    "/usr/share/misc/pci.ids": pciIds,
    ...Object.fromEntries(sharedLibraries([node, modprobe]).map(({ path, source }) => [path, source])),
  };
  for (const [path, source] of Object.entries(copies)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    copyFileSync(source, join(directory, path));
  }
  for (const [path, text] of Object.entries(TEXTS)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), text);
  }
  for (const path of MOUNT_POINTS) mkdirSync(join(directory, path), { recursive: true });
  mkdirSync(join(directory, OPT), { recursive: true });
  await bundleReconciler(join(directory, OPT), BUNDLE);
  shareCompileCache(join(directory, OPT, compileCacheName));
  settle(directory);
}

const TEXTS: Readonly<Record<string, string>> = {
  "/etc/passwd": `root:x:0:0:root:/:/sbin/nologin\nnonroot:x:${USER}:${USER}:nonroot:/:/sbin/nologin\n`,
  "/etc/group": `root:x:0:\nnonroot:x:${USER}:\n`,
  // Without it the C library would ask DNS first, also for names that the pod's /etc/hosts has.
  "/etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
};

/** What a container engine mounts, or a pod: with a read-only root they must be there. */
const MOUNT_POINTS = ["/dev", "/proc", "/sys", "/tmp", "/run", "/host/sys", "/host/proc", "/lib/modules"];

/** Node keeps a cache for each user and knows his by the number that ends the folder's name; here all users' is one. */
function shareCompileCache(cache: string): void {
  for (const name of readdirSync(cache)) {
    const everybodys = name.replace(/-\d+$/, "-0");
    if (name !== everybodys) renameSync(join(cache, name), join(cache, everybodys));
    symlinkSync(everybodys, join(cache, name.replace(/-\d+$/, `-${USER}`)));
  }
}

/** Modes that do not depend on the maker's mask, and one time for everything, children before what they are in. */
function settle(directory: string): void {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) settle(path);
    else if (!entry.isSymbolicLink()) chmodSync(path, isProgram(path) ? 0o755 : 0o644);
    lutimesSync(path, 0, 0);
  }
  chmodSync(directory, 0o755);
  lutimesSync(directory, 0, 0);
}

function isProgram(path: string): boolean {
  return /\/s?bin\/[^/]+$|\.so(\.[\d.]+)?$/.test(path);
}
