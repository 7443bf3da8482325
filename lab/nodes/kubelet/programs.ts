import { join } from "node:path";
import { findRelease } from "../../control-plane/find-binaries.js";
import { cniPluginsRelease, kubeletRelease, type Release } from "../../control-plane/release.js";
import type { LabRun } from "../../processes/lab-run.js";
import type { DynamicProgram } from "../../../image/packages/dynamic-program.js";
import { findContainerRuntime } from "./container-runtime.js";
import type { DiskParts } from "./disk.js";

/**
 * Everything that a kubelet node has beyond a QEMU node: a kubelet and CNI plugins, found or had as the control plane's
 * programs are, and a container runtime. Gets what is missing, which can take minutes the first time.
 *
 * @throws Error if something of it cannot be had; it says why not, and what to install.
 */
export async function findNodePrograms(
  run: LabRun,
  log: (line: string) => void,
): Promise<Omit<DiskParts, "busybox" | "kernel">> {
  const { mke2fs, ...runtime } = await findContainerRuntime(log);
  const kubelet = await inRelease(run, kubeletRelease(), log);
  const cniPlugins = await inRelease(run, cniPluginsRelease(), log);
  return { programs: { ...runtime, ...kubelet }, cniPlugins, mke2fs };
}

async function inRelease(run: LabRun, release: Release, log: (line: string) => void) {
  const folder = await findRelease(run, release, log);
  const programs = Object.keys(release.programs).map((name) => [name, { executable: join(folder, name) }] as const);
  return Object.fromEntries<DynamicProgram>(programs);
}
