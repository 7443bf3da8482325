import { join } from "node:path";
import { isExecutable } from "../is-executable.js";
import type { LabRun } from "../processes/lab-run.js";
import { withLock } from "../processes/lock.js";
import { buildWithGo } from "./build-with-go.js";
import { download } from "./download.js";
import { findInstalled } from "./find-installed.js";
import { cacheFolder, etcdRelease, kubernetesRelease, type Release, schedulerRelease } from "./release.js";

export interface Binaries {
  readonly etcd: string;
  readonly "kube-apiserver": string;
  readonly "kube-controller-manager": string;
}

/**
 * Paths of the control plane's programs. Each release is taken whole from the first place that has all of it:
 * `KUBEBUILDER_ASSETS` or PATH, the cache folder, an official download, a build with Go. What was downloaded or built is
 * in the cache folder afterwards.
 *
 * @param run owns the processes and files of a download or build, so that nothing of it survives a kill.
 * @throws Error if no place has them; it says why not, and what to install.
 */
export async function findBinaries(run: LabRun, log: (line: string) => void): Promise<Binaries> {
  const etcd = await findRelease(run, etcdRelease(), log);
  const kubernetes = await findRelease(run, kubernetesRelease(), log);
  return {
    etcd: join(etcd, "etcd"),
    "kube-apiserver": join(kubernetes, "kube-apiserver"),
    "kube-controller-manager": join(kubernetes, "kube-controller-manager"),
  };
}

/** Path of the scheduler, found and obtained as {@link findBinaries} does. */
export async function findScheduler(run: LabRun, log: (line: string) => void): Promise<string> {
  return join(await findRelease(run, schedulerRelease(), log), "kube-scheduler");
}

/**
 * The folder that has every program of the release, found and obtained as {@link findBinaries} does.
 */
export async function findRelease(run: LabRun, release: Release, log: (line: string) => void): Promise<string> {
  const installed = findInstalled(release, log);
  if (installed !== undefined) return installed;
  const folder = cacheFolder(release);
  if (missingFrom(folder, release).length === 0) return folder;
  const waiting = (holder: number) => log(`Process ${holder} is already getting ${release.name}; waiting for it.`);
  await withLock(`${folder}.${release.name}.lock`, waiting, () => obtain(run, release, log));
  return folder;
}

async function obtain(run: LabRun, release: Release, log: (line: string) => void): Promise<void> {
  const folder = cacheFolder(release);
  const missing = missingFrom(folder, release);
  if (missing.length === 0) return;
  const failures: unknown[] = [];
  for (const source of [download, buildWithGo]) {
    try {
      await source(run, release, missing, log);
      return;
    } catch (error) {
      run.signal.throwIfAborted();
      failures.push(error);
    }
  }
  const reasons = failures.map((failure) => `- ${failure instanceof Error ? failure.message : String(failure)}`);
  throw new Error(
    [
      `The lab needs ${missing.join(" and ")} (${release.name} ${release.version}). Not found on PATH, in ` +
        `KUBEBUILDER_ASSETS or in ${folder}; and:`,
      ...reasons,
      `Install Go 1.26 or newer, or connect to the internet, or put ${missing.join(" and ")} on PATH.`,
    ].join("\n"),
    { cause: failures.at(-1) },
  );
}

function missingFrom(folder: string, { programs }: Release): string[] {
  return Object.keys(programs).filter((program) => !isExecutable(join(folder, program)));
}
