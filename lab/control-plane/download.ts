import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { LabRun } from "../processes/lab-run.js";
import { cacheFolder, goArch, goOs, type Release } from "./release.js";

/**
 * Downloads programs of a release from where its project publishes them into the cache folder, and checks each against
 * the SHA-256 that is published beside it.
 *
 * @throws Error within seconds where there is no connection, nothing for this platform, or a checksum that differs.
 */
export async function download(
  run: LabRun,
  release: Release,
  programs: readonly string[],
  log: (line: string) => void,
): Promise<void> {
  const workspace = join(run.dir, "download");
  mkdirSync(workspace, { recursive: true });
  const source = { workspace, log, get: (address: string) => get(address, run.signal) };
  await downloads[release.name](release, programs, source);

  mkdirSync(cacheFolder(release), { recursive: true, mode: 0o700 });
  for (const program of programs) {
    chmodSync(join(workspace, program), 0o755);
    renameSync(join(workspace, program), join(cacheFolder(release), program));
  }
}

interface Download {
  readonly workspace: string;
  readonly log: (line: string) => void;
  readonly get: (address: string) => Promise<Buffer>;
}

type Downloader = (release: Release, programs: readonly string[], source: Download) => Promise<void>;

const downloads: Readonly<Record<Release["name"], Downloader>> = {
  etcd: downloadEtcd,
  Kubernetes: downloadKubernetes,
  "CNI plugins": downloadCniPlugins,
};

async function downloadKubernetes(
  { version }: Release,
  programs: readonly string[],
  { workspace, log, get }: Download,
): Promise<void> {
  for (const program of programs) {
    const address = `https://dl.k8s.io/${version}/bin/${goOs}/${goArch}/${program}`;
    const checksum = (await get(`${address}.sha256`)).toString().trim();
    log(`Downloading ${address} …`);
    writeFileSync(join(workspace, program), verified(address, await get(address), checksum));
  }
}

async function downloadCniPlugins(
  { version }: Release,
  programs: readonly string[],
  { workspace, log, get }: Download,
): Promise<void> {
  const archive = `cni-plugins-${goOs}-${goArch}-${version}.tgz`;
  const address = `https://github.com/containernetworking/plugins/releases/download/${version}/${archive}`;
  const [checksum = ""] = (await get(`${address}.sha256`)).toString().split(/\s/);
  log(`Downloading ${address} …`);
  const file = join(workspace, archive);
  writeFileSync(file, verified(archive, await get(address), checksum));
  execFileSync("tar", ["-xf", file, "-C", workspace, ...programs.map((program) => `./${program}`)]);
}

async function downloadEtcd(
  { version }: Release,
  _programs: readonly string[],
  { workspace, log, get }: Download,
): Promise<void> {
  const folder = `https://github.com/etcd-io/etcd/releases/download/${version}`;
  const name = `etcd-${version}-${goOs}-${goArch}`;
  const archive = goOs === "linux" ? `${name}.tar.gz` : `${name}.zip`;
  const checksums = (await get(`${folder}/SHA256SUMS`)).toString().split("\n");
  const checksum = checksums.find((line) => line.endsWith(` ${archive}`))?.split(/\s/)[0];
  if (checksum === undefined) throw new Error(`${folder}/SHA256SUMS does not list ${archive}`);
  log(`Downloading ${folder}/${archive} …`);
  const file = join(workspace, archive);
  writeFileSync(file, verified(archive, await get(`${folder}/${archive}`), checksum));
  // bsdtar, which is the tar of macOS, reads zip as well.
  execFileSync("tar", ["-xf", file, "-C", workspace, "--strip-components=1", `${name}/etcd`]);
}

/** The answer has to begin within three seconds and to be complete within ten minutes. */
async function get(address: string, stopping: AbortSignal): Promise<Buffer> {
  const patience = new AbortController();
  let timer = setTimeout(() => patience.abort(new Error("no answer within 3 s")), 3_000);
  try {
    const answer = await fetch(address, { signal: AbortSignal.any([patience.signal, stopping]) });
    if (!answer.ok) throw new Error(`HTTP status ${answer.status}`);
    clearTimeout(timer);
    timer = setTimeout(() => patience.abort(new Error("not complete within 10 min")), 600_000);
    return Buffer.from(await answer.arrayBuffer());
  } catch (error) {
    throw new Error(`Download of ${address} failed: ${reasonOf(error)}`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

/** fetch says "fetch failed" and keeps the reason as its cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}

function verified(name: string, content: Buffer, checksum: string): Buffer {
  const actual = createHash("sha256").update(content).digest("hex");
  if (actual !== checksum) throw new Error(`${name} has the SHA-256 ${actual}, and not ${checksum} as published`);
  return content;
}
