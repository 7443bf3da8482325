import { execFile } from "node:child_process";
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { backportsSources } from "./backports.js";

const run = promisify(execFile);

/**
 * Debian packages unpacked into a folder of one's own, with apt's own verification of signatures and checksums, but
 * with package lists, archives and an extra suite that are private to it: nothing on the machine changes, no lock of
 * apt's or dpkg's is needed, nor root.
 */
export interface PrivateApt {
  /**
   * Unpacks a package to `target`, with `dependencies` everything that it needs and the machine has not installed.
   * `target` appears whole or not at all.
   */
  unpack(name: string, target: string, options: { readonly dependencies: boolean }): Promise<void>;
  /** The version that would be unpacked, such as `1:10.0.2+ds-2`. */
  candidate(name: string): Promise<string>;
  /** The real package behind one that only depends on the current version, such as `linux-image-amd64`. */
  current(metaPackage: string): Promise<string>;
  /** From now on, packages come from the backports suite where it has them. */
  preferBackports(): void;
  /** Removes lists and archives. */
  close(): void;
}

/** @param parent a folder to work in, on the same filesystem as the targets. */
export async function openPrivateApt(parent: string): Promise<PrivateApt> {
  mkdirSync(parent, { recursive: true });
  removeAbandoned(parent);
  const dir = mkdtempSync(join(parent, prefix));
  const archives = join(dir, "archives");
  for (const folder of ["lists/partial", "archives/partial", "sources"])
    mkdirSync(join(dir, folder), { recursive: true });
  const release = osRelease();
  const codename = release["VERSION_CODENAME"] ?? "";
  copySources(join(dir, "sources"), codename);
  const options = [
    ["Dir::Etc::sourcelist", "/dev/null"],
    ["Dir::Etc::sourceparts", join(dir, "sources")],
    ["Dir::State::lists", join(dir, "lists")],
    ["Dir::Cache::archives", archives],
    ["Dir::Cache::pkgcache", ""],
    ["Dir::Cache::srcpkgcache", ""],
    ["Debug::NoLocking", "true"],
    ["APT::Sandbox::User", ""],
    ["Acquire::Languages", "none"],
    ["Acquire::Retries", "3"],
    ["APT::Update::Error-Mode", "any"],
  ].flatMap(([key, value]) => ["-o", `${key ?? ""}=${value ?? ""}`]);
  let updateFailure = "";
  const apt = async (command: string, ...args: string[]) => {
    try {
      return await execute(command, [...options, ...args], archives);
    } catch (error) {
      if (!(error instanceof Error) || updateFailure === "") throw error;
      throw new Error(`${error.message}\nBefore that, ${updateFailure}`, { cause: error });
    }
  };
  // One source of the machine's that does not answer need not be one that is needed.
  await apt("apt-get", "--quiet", "update").catch((error: unknown) => (updateFailure = String(error)));
  return {
    async unpack(name, target, { dependencies }) {
      if (dependencies)
        await apt("apt-get", "--quiet", "--yes", "--download-only", "--no-install-recommends", "install", name);
      else await apt("apt-get", "--quiet", "download", name);
      const packages = readdirSync(archives).filter((file) => file.endsWith(".deb"));
      const unpacked = mkdtempSync(join(dir, "root-"));
      for (const file of packages) await unpackArchive(join(archives, file), unpacked);
      for (const file of packages) rmSync(join(archives, file));
      mkdirSync(dirname(target), { recursive: true });
      putInPlace(unpacked, target);
    },
    async candidate(name) {
      const shown = await apt("apt-cache", "show", "--no-all-versions", name);
      return /^Version: (.+)$/m.exec(shown)?.[1] ?? "";
    },
    async current(metaPackage) {
      const shown = await apt("apt-cache", "show", "--no-all-versions", metaPackage);
      const depends = /^Depends: ([^ ,]+)/m.exec(shown)?.[1];
      if (depends === undefined) throw new Error(`package ${metaPackage} depends on nothing:\n${shown}`);
      return depends;
    },
    preferBackports: () => void options.push("--target-release", `${codename}-backports`),
    close: () => rmSync(dir, { recursive: true, force: true }),
  };
}

const prefix = "apt-";

/** Removes what processes left behind that were killed while they fetched. */
function removeAbandoned(parent: string): void {
  const hourAgo = Date.now() - 3_600_000;
  for (const name of readdirSync(parent).filter((entry) => entry.startsWith(prefix))) {
    const changed = statSync(join(parent, name), { throwIfNoEntry: false })?.mtimeMs ?? hourAgo;
    if (changed < hourAgo) rmSync(join(parent, name), { recursive: true, force: true });
  }
}

/** Unpacks a package, and notes it in dpkg's own way, so that `dpkg-query --admindir` tells whose a file is. */
async function unpackArchive(archive: string, root: string): Promise<void> {
  const dpkgDeb = (...args: string[]): Promise<string> => execute("dpkg-deb", args, root);
  await dpkgDeb("--extract", archive, root);
  const [name, list, control] = [
    (await dpkgDeb("--field", archive, "Package")).trim(),
    await dpkgDeb("--contents", archive),
    await dpkgDeb("--field", archive),
  ];
  const notes = join(root, "var", "lib", "dpkg");
  mkdirSync(join(notes, "info"), { recursive: true });
  // The root itself is "/." there.
  const paths = [...list.matchAll(/ \.(\/\S*?)\/?(?: -> .*)?$/gm)].map(([, path = ""]) =>
    path === "/" ? "/.\n" : `${path}\n`,
  );
  writeFileSync(join(notes, "info", `${name}.list`), paths.join(""));
  appendFileSync(join(notes, "status"), `${control.trimEnd()}\nStatus: install ok unpacked\n\n`);
}

/** The machine's own sources, and its backports suite where they don't have that. */
function copySources(target: string, codename: string): void {
  const parts = "/etc/apt/sources.list.d";
  const files = [
    "/etc/apt/sources.list",
    ...readdirSync(parts).flatMap((file) => (/\.(list|sources)$/.test(file) ? [join(parts, file)] : [])),
  ];
  const sources = files.flatMap((path) => {
    try {
      return [
        {
          format: path.endsWith(".sources") ? ("deb822" as const) : ("list" as const),
          text: readFileSync(path, "utf8"),
        },
      ];
    } catch {
      return []; // Debian 12 and later may have no sources.list.
    }
  });
  [...sources, ...backportsSources(sources, codename)].forEach(({ format, text }, index) => {
    writeFileSync(join(target, `${index}.${format === "deb822" ? "sources" : "list"}`), text);
  });
}

async function execute(command: string, args: readonly string[], cwd: string): Promise<string> {
  try {
    const env = { ...process.env, LC_ALL: "C", DEBIAN_FRONTEND: "noninteractive" };
    return (await run(command, args, { cwd, env, maxBuffer: 16 << 20 })).stdout;
  } catch (error) {
    const said = error instanceof Error && "stderr" in error ? String(error.stderr).trim() : "";
    throw new Error(`${command} failed: ${said === "" ? String(error) : said}`, { cause: error });
  }
}

function putInPlace(unpacked: string, target: string): void {
  try {
    renameSync(unpacked, target);
  } catch (error) {
    // Somebody else put the same there meanwhile.
    if (!(error instanceof Error && "code" in error && (error.code === "ENOTEMPTY" || error.code === "EEXIST")))
      throw error;
  }
}

export function osRelease(): Readonly<Record<string, string>> {
  try {
    const lines = readFileSync("/etc/os-release", "utf8").matchAll(/^(\w+)="?(.*?)"?$/gm);
    return Object.fromEntries([...lines].map(([, key, value]) => [key ?? "", value ?? ""]));
  } catch {
    return {};
  }
}
