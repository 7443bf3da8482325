import {
  chmodSync,
  copyFileSync,
  existsSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { billOfMaterials } from "./bill-of-materials.js";
import { bundleReconciler } from "./bundle-reconciler.js";
import { BILL_OF_MATERIALS, BUNDLE, OPT, USER } from "./image-config.js";
import { compileCacheName } from "./runtime.js";
import { systemFiles } from "./system-files.js";

export interface TreeOptions {
  /** Hears of what is fetched. */
  readonly log?: (line: string) => void;
}

/**
 * Makes the files of the reconciler's image, as a folder that could be a container's root: Node, `modprobe`, the libraries
 * of both, `pci.ids`, the reconciler, and what all that is and is licensed under. From the same programs it is the same to
 * the byte, whenever and wherever it is made.
 *
 * @param directory Made; must not be there
 * @throws {Error} `modprobe` or `pci.ids` is nowhere to be had; says how to install it
 */
export async function reconcilerTree(directory: string, { log }: TreeOptions = {}): Promise<void> {
  if (existsSync(directory)) throw new Error(`${directory} is there already: name a folder that is to be made`);
  const system = await systemFiles(log);
  const put = (path: string, write: (target: string) => void): void => {
    const target = join(directory, path);
    mkdirSync(dirname(target), { recursive: true });
    write(target);
  };
  for (const [path, source] of Object.entries(system.copies)) put(path, (target) => copyFileSync(source, target));
  for (const [path, text] of Object.entries(system.texts)) put(path, (target) => writeFileSync(target, text));
  for (const path of MOUNT_POINTS) mkdirSync(join(directory, path), { recursive: true });
  const opt = join(directory, OPT);
  mkdirSync(opt, { recursive: true });
  const { packages } = await bundleReconciler(opt, BUNDLE);
  shareCompileCache(join(opt, compileCacheName));
  writeFileSync(join(directory, BILL_OF_MATERIALS), billOfMaterials({ ...system, bundled: packages }));
  settle(directory);
}

/** What a container engine mounts, or a pod: with a read-only root they must be there. */
const MOUNT_POINTS = ["/dev", "/proc", "/sys", "/tmp", "/run", "/host/sys", "/host/proc", "/lib/modules"];

/** Node keeps a cache for each user and knows his by the number that ends the folder's name; here all users' is one. */
function shareCompileCache(cache: string): void {
  for (const name of readdirSync(cache)) {
    const roots = name.replace(/-\d+$/, "-0");
    if (name !== roots) renameSync(join(cache, name), join(cache, roots));
    symlinkSync(roots, join(cache, name.replace(/-\d+$/, `-${USER}`)));
  }
}

/** Modes that do not depend on the maker's mask, and one time for everything, children before what they are in. */
function settle(directory: string): void {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) {
      settle(path);
    } else if (!entry.isSymbolicLink()) {
      chmodSync(path, isProgram(path) ? 0o755 : 0o644);
    }
    lutimesSync(path, 0, 0);
  }
  chmodSync(directory, 0o755);
  lutimesSync(directory, 0, 0);
}

function isProgram(path: string): boolean {
  return /\/s?bin\/[^/]+$|\.so(\.[\d.]+)?$/.test(path);
}
