import { rmSync } from "node:fs";
import { join } from "node:path";
import { isExecutable } from "../../is-executable.js";
import { openPrivateApt, osRelease } from "../../../image/packages/apt.js";
import { type DynamicProgram, libraryFolders, onPath } from "../../../image/packages/dynamic-program.js";
import { qemuCache } from "../qemu/locate.js";

/** What a kubelet needs around it, and what makes the disk that carries it into the guest. */
export interface ContainerRuntime {
  readonly containerd: DynamicProgram;
  readonly "containerd-shim-runc-v2": DynamicProgram;
  readonly ctr: DynamicProgram;
  readonly runc: DynamicProgram;
  /** Runs on this machine: it makes an ext4 filesystem out of a folder. */
  readonly mke2fs: DynamicProgram;
}

type Program = keyof ContainerRuntime;

/** The Debian package that has it. */
const PACKAGES: Readonly<Record<Program, string>> = {
  containerd: "containerd",
  "containerd-shim-runc-v2": "containerd",
  ctr: "containerd",
  runc: "runc",
  mke2fs: "e2fsprogs",
};

const PROGRAMS = Object.keys(PACKAGES) as Program[];

/**
 * Finds containerd with its shim and client, runc and mke2fs: in the folder named by `PULUMI_SRIOV_CONTAINERD`, on PATH, or
 * unpacked in the cache. What is not there is fetched with apt and unpacked into the cache.
 *
 * @throws Error that says what is missing and how to install it
 */
export async function findContainerRuntime(log: (line: string) => void): Promise<ContainerRuntime> {
  const found = locate();
  if (isComplete(found)) return found;
  let reason: Error | undefined;
  try {
    await fetchWithApt(missingFrom(found), log);
  } catch (error) {
    reason = error instanceof Error ? error : new Error(String(error));
  }
  const fetched = locate();
  if (isComplete(fetched)) return fetched;
  throw new Error(howToInstall(missingFrom(fetched), reason), { cause: reason });
}

function locate(): Partial<ContainerRuntime> {
  const named = process.env["PULUMI_SRIOV_CONTAINERD"];
  const found = PROGRAMS.flatMap((name) => {
    const executable = named === undefined ? undefined : join(named, name);
    const program = executable !== undefined && isExecutable(executable) ? { executable } : installed(name);
    return program === undefined ? [] : [[name, program] as const];
  });
  return Object.fromEntries(found);
}

function installed(name: Program): DynamicProgram | undefined {
  const executable = onPath(name);
  return executable === undefined ? unpacked(name) : { executable };
}

function unpacked(name: Program): DynamicProgram | undefined {
  const root = packageFolder(PACKAGES[name]);
  const folders = ["usr/bin", "usr/sbin", "bin", "sbin"].map((folder) => join(root, folder));
  const executable = folders.map((folder) => join(folder, name)).find(isExecutable);
  return executable === undefined ? undefined : { executable, libraries: libraryFolders(root) };
}

function packageFolder(name: string): string {
  return join(qemuCache(), "packages", name);
}

function missingFrom(found: Partial<ContainerRuntime>): Program[] {
  return PROGRAMS.filter((name) => found[name] === undefined);
}

function isComplete(found: Partial<ContainerRuntime>): found is ContainerRuntime {
  return missingFrom(found).length === 0;
}

async function fetchWithApt(programs: readonly Program[], log: (line: string) => void): Promise<void> {
  if (process.arch !== "x64" || onPath("apt-get") === undefined || onPath("dpkg-deb") === undefined) return;
  log(`Fetching ${programs.join(", ")} with apt, into ${qemuCache()} …`);
  const apt = await openPrivateApt(qemuCache());
  try {
    for (const name of new Set(programs.map((program) => PACKAGES[program]))) {
      log(`  ${name} ${await apt.candidate(name)}`);
      rmSync(packageFolder(name), { recursive: true, force: true });
      await apt.unpack(name, packageFolder(name), { dependencies: true });
    }
  } finally {
    apt.close();
  }
}

function howToInstall(missing: readonly Program[], reason: Error | undefined): string {
  const packages = [...new Set(missing.map((name) => PACKAGES[name]))].join(" ");
  const named = osRelease()["ID"] === "debian" ? `run "apt-get install ${packages}"` : `the packages ${packages}`;
  return [
    `The kubelet node needs ${missing.join(", ")}, which are neither on PATH nor in ${qemuCache()}.`,
    `Install them (${named}), or name a folder that has all of them: PULUMI_SRIOV_CONTAINERD=….`,
    ...(reason === undefined ? [] : [`Fetching them with apt was tried: ${reason.message}`]),
  ].join("\n");
}
