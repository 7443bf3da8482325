import { spawnSync } from "node:child_process";
import { existsSync, lstatSync, readlinkSync } from "node:fs";
import { dirname, join, relative } from "node:path";

/** A Debian package of which something is in the image. */
export interface DebianPackage {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  /** What dpkg knows of it, in its own format. */
  readonly control: string;
  /** Where its copyright file is on this machine, if it is. */
  readonly copyright: string | undefined;
}

/**
 * Whose the files are: by the machine's dpkg, or by what was noted where a package was unpacked. None of a machine
 * without dpkg, or of a file that no package has brought.
 */
export function debianPackages(files: readonly string[]): DebianPackage[] {
  const byRoot = Map.groupBy(files, rootOf);
  const packages = [...byRoot].flatMap(([root, owned]) => (root === undefined ? [] : packagesBelow(root, owned)));
  const byName = new Map(packages.map((found) => [found.name, found]));
  return [...byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

const NOTES = "var/lib/dpkg";
const DOCUMENTS = "usr/share/doc";

/** The nearest folder with a file in it that is a root for dpkg. */
function rootOf(file: string): string | undefined {
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    if (existsSync(join(folder, NOTES, "status"))) return folder;
    if (folder === "/") return undefined;
  }
}

function packagesBelow(root: string, files: readonly string[]): DebianPackage[] {
  const paths = files.flatMap((file) => spellings(`/${relative(root, file)}`));
  const owners = dpkgQuery(root, ["--search", ...paths]).matchAll(/^(\S+): \//gm);
  const names = [...new Set([...owners].map(([, name = ""]) => name))];
  return names.map((name) => describe(root, name));
}

/** Of a file below /usr its package may not know that: the folders were one only when it was installed. */
function spellings(path: string): string[] {
  return path.startsWith("/usr/") ? [path, path.slice("/usr".length)] : [path, `/usr${path}`];
}

function describe(root: string, qualified: string): DebianPackage {
  const control = dpkgQuery(root, ["--status", qualified]);
  const field = (name: string): string => new RegExp(`^${name}: (.+)$`, "m").exec(control)?.[1] ?? "";
  return {
    name: field("Package"),
    version: field("Version"),
    architecture: field("Architecture"),
    control,
    copyright: copyrightOf(field("Package"), root),
  };
}

/** Its documents may be a link to those of a package that was installed already when this one was unpacked. */
function copyrightOf(name: string, root: string): string | undefined {
  const documents = join(root, DOCUMENTS, name);
  const isLink = lstatSync(documents, { throwIfNoEntry: false })?.isSymbolicLink() === true;
  const folders = [documents, ...(isLink ? [join("/", DOCUMENTS, readlinkSync(documents))] : [])];
  return folders.map((folder) => join(folder, "copyright")).find(existsSync);
}

/** What it prints; a path that is unknown only makes it end with a status. */
function dpkgQuery(root: string, args: readonly string[]): string {
  const options = [`--admindir=${join(root, NOTES)}`, ...args];
  const { error, stdout } = spawnSync("dpkg-query", options, {
    encoding: "utf8",
    env: { ...process.env, LC_ALL: "C" },
  });
  return error === undefined ? stdout : "";
}
