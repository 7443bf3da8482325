import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { constants, copyFileSync, existsSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { removeAllButNewest } from "../qemu/initramfs.js";
import { type DynamicProgram, environmentOf } from "../../../image/packages/dynamic-program.js";
import { sharedLibraries } from "../../../image/packages/shared-libraries.js";
import { busyboxImage } from "./busybox-image.js";
import { LOADABLE, type ModuleSource, writeModuleFolder } from "./module-folder.js";

export interface DiskParts {
  /** For `/bin`, by name. */
  readonly programs: Readonly<Record<string, DynamicProgram>>;
  /** For `/cni`, by name. */
  readonly cniPlugins: Readonly<Record<string, DynamicProgram>>;
  readonly busybox: string;
  /** For `/lib/modules`. */
  readonly kernel: Pick<ModuleSource, "kmod" | "modules">;
  readonly mke2fs: DynamicProgram;
}

/** To be raised when the same ingredients make another disk. */
const VERSION = 2;

/** Room for images, containers and what pods write. The file is sparse. */
const SIZE = "1500M";

/** Where kubelet and containerd keep what must outlive a reset. */
const STATE_FOLDERS = ["kubelet", "containerd", "log"];

/**
 * The image of the disk that a kubelet node has at `/node`: programs in `bin`, their libraries below `root` at the paths
 * where the dynamic linker looks, CNI plugins in `cni`, the image of busybox as `busybox.tar`, kernel modules in
 * `lib/modules`, and empty folders for state. Made once, without root and mounts, and kept in
 * `cacheDirectory` under a name that follows from its ingredients.
 *
 * @param workspace a folder to make, and to work in, on the same filesystem as the cache
 * @returns the path of the image
 */
export async function nodeDisk(parts: DiskParts, cacheDirectory: string, workspace: string): Promise<string> {
  const path = join(cacheDirectory, `node-${fingerprint(parts)}.ext4`);
  if (existsSync(path)) return path;
  mkdirSync(cacheDirectory, { recursive: true });
  const [content, image] = [join(workspace, "content"), join(workspace, "image")];
  writeContent(content, parts);
  await makeFilesystem(parts.mke2fs, content, image);
  // Renamed into place, so that a run that is cut short or a second one at the same time leaves no half image.
  renameSync(image, path);
  rmSync(workspace, { recursive: true });
  removeAllButNewest(cacheDirectory, 2);
  return path;
}

function writeContent(folder: string, { programs, cniPlugins, busybox, kernel }: DiskParts): void {
  for (const name of ["bin", "cni", ...STATE_FOLDERS]) mkdirSync(join(folder, name), { recursive: true });
  const copy = (source: string, target: string) => copyFileSync(source, target, constants.COPYFILE_FICLONE);
  for (const [name, { executable }] of Object.entries(programs)) copy(executable, join(folder, "bin", name));
  for (const [name, { executable }] of Object.entries(cniPlugins)) copy(executable, join(folder, "cni", name));
  for (const { source, path } of sharedLibraries(Object.values(programs))) {
    const target = join(folder, "root", path);
    mkdirSync(dirname(target), { recursive: true });
    copy(source, target);
  }
  writeFileSync(join(folder, "busybox.tar"), busyboxImage(busybox));
  writeModuleFolder(folder, { ...kernel, busybox });
}

async function makeFilesystem(mke2fs: DynamicProgram, content: string, image: string): Promise<void> {
  const options = ["-q", "-F", "-t", "ext4", "-m", "0", "-E", "lazy_itable_init=1,lazy_journal_init=1,root_owner=0:0"];
  const args = [...options, "-d", content, image, SIZE];
  try {
    await promisify(execFile)(mke2fs.executable, args, { env: environmentOf(mke2fs) });
  } catch (error) {
    const said = error instanceof Error && "stderr" in error ? String(error.stderr).trim() : String(error);
    throw new Error(`${mke2fs.executable} ${args.join(" ")} failed: ${said}`, { cause: error });
  }
}

/** By path, size and time of change. */
function fingerprint({ programs, cniPlugins, busybox, kernel }: DiskParts): string {
  const executables = Object.values({ ...programs, ...cniPlugins }).map(({ executable }) => executable);
  const files = [...executables, busybox, kernel.modules];
  const hash = createHash("sha256").update(JSON.stringify([VERSION, SIZE, STATE_FOLDERS, LOADABLE]));
  for (const file of files) {
    const { size, mtimeMs } = statSync(file);
    hash.update(JSON.stringify([file, size, mtimeMs]));
  }
  return hash.digest("hex").slice(0, 16);
}
