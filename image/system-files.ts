import { readFileSync } from "node:fs";
import { NODE, USER } from "./image-config.js";
import { osRelease } from "./packages/apt.js";
import { type DebianPackage, debianPackages } from "./packages/debian.js";
import type { DynamicProgram } from "./packages/dynamic-program.js";
import { findSystemParts } from "./packages/parts.js";
import { sharedLibraries } from "./packages/shared-libraries.js";

/** What the image has beneath the reconciler. */
export interface SystemFiles {
  /** Files of this machine, by their path in the image. */
  readonly copies: Readonly<Record<string, string>>;
  readonly texts: Readonly<Record<string, string>>;
  readonly debian: readonly DebianPackage[];
  /** ID and version of the system that these packages are of, such as `debian` and `12`. */
  readonly release: { readonly id: string; readonly version: string };
  /** Those of `copies` that no package is known for, Node aside. */
  readonly others: Readonly<Record<string, string>>;
}

/**
 * Node as it runs this, `modprobe`, the libraries of both, `pci.ids`; and what scanners of images read: whose these are,
 * and under which licence.
 *
 * @throws {Error} `modprobe` or `pci.ids` is nowhere to be had; says how to install it
 */
export async function systemFiles(log?: (line: string) => void): Promise<SystemFiles> {
  const { modprobe, pciIds } = await findSystemParts(log);
  const node: DynamicProgram = { executable: process.execPath };
  const libraries = sharedLibraries([node, modprobe]).map(({ path, source }) => [path, source] as const);
  const ofPackages: Record<string, string> = {
    "/usr/sbin/modprobe": modprobe.executable,
    "/usr/share/misc/pci.ids": pciIds,
    ...Object.fromEntries(libraries),
  };
  const { ID = "linux", VERSION_ID = "" } = osRelease();
  const debian = debianPackages(Object.values(ofPackages));
  return {
    copies: { [NODE]: node.executable, ...ofPackages, ...copyrights(debian) },
    texts: { ...TEXTS, ...notes(debian) },
    debian,
    release: { id: ID, version: VERSION_ID },
    others: debian.length === 0 ? ofPackages : {},
  };
}

const TEXTS: Readonly<Record<string, string>> = {
  "/etc/passwd": `root:x:0:0:root:/:/sbin/nologin\nnonroot:x:${USER}:${USER}:nonroot:/:/sbin/nologin\n`,
  "/etc/group": `root:x:0:\nnonroot:x:${USER}:\n`,
  // Without it the C library would ask DNS first, also for names that the pod's /etc/hosts has.
  "/etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
};

function copyrights(debian: readonly DebianPackage[]): Record<string, string> {
  const found = debian.flatMap(({ name, copyright }) =>
    copyright === undefined ? [] : [[`/usr/share/doc/${name}/copyright`, copyright]],
  );
  return Object.fromEntries(found) as Record<string, string>;
}

/** As the images have it that are called distroless, so that scanners find it. */
function notes(debian: readonly DebianPackage[]): Record<string, string> {
  if (debian.length === 0) return {};
  const status = debian.map(({ name, control }) => [`/var/lib/dpkg/status.d/${name}`, `${control.trimEnd()}\n`]);
  return { "/etc/os-release": readFileSync("/etc/os-release", "utf8"), ...Object.fromEntries(status) } as Record<
    string,
    string
  >;
}
