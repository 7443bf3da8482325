import { mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { describeExit, type LabRun } from "../processes/lab-run.js";
import { cacheFolder, toolsDirectory, type Release } from "./release.js";

/**
 * Builds programs of a release into the cache folder, at low priority, telling every ten seconds how far it is.
 * Takes minutes the first time.
 *
 * @throws Error where Go is missing, or with the end of its output where it fails.
 */
export async function buildWithGo(
  run: LabRun,
  release: Release,
  programs: readonly string[],
  log: (line: string) => void,
): Promise<void> {
  const folder = cacheFolder(release);
  const workspace = join(run.dir, "build");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  mkdirSync(workspace, { recursive: true });
  for (const program of programs) {
    const stop = tellProgress(`Building ${program} ${release.version} with Go (only the first time)`, log);
    try {
      await build(run, release, program, workspace);
    } finally {
      stop();
    }
    renameSync(join(workspace, program), join(folder, program));
  }
}

async function build(run: LabRun, release: Release, program: string, workspace: string): Promise<void> {
  const goPackage = release.programs[program] ?? "";
  const output = join(workspace, program);
  const args = ["build", "-mod=readonly", "-trimpath", "-ldflags", linkerFlags(release), "-o", output, goPackage];
  const env = { ...process.env, CGO_ENABLED: "0", GOFLAGS: "-buildvcs=false", GOWORK: "off", GOTMPDIR: workspace };
  const compiler = run.spawn(`build-${program}`, "go", args, { cwd: toolsDirectory, env, nice: 5 });
  const exit = await compiler.exited;
  if (exit.code !== 0) throw new Error(`Building ${program} failed: ${describeExit(compiler, exit)}`);
}

/** A build of one's own knows no version otherwise, and Kubernetes decides by it which features it may use. */
function linkerFlags({ name, version }: Release): string {
  if (name !== "Kubernetes") return "-s -w";
  const [major = "", minor = ""] = version.slice(1).split(".");
  const values = { gitVersion: version, gitMajor: major, gitMinor: minor };
  const settings = Object.entries(values).map(([key, value]) => `-X k8s.io/component-base/version.${key}=${value}`);
  return ["-s", "-w", ...settings].join(" ");
}

function tellProgress(what: string, log: (line: string) => void): () => void {
  const began = Date.now();
  const elapsed = () => `${Math.round((Date.now() - began) / 1000)} s`;
  log(`${what} …`);
  const timer = setInterval(() => log(`${what}: ${elapsed()}`), 10_000);
  return () => {
    clearInterval(timer);
    log(`${what}: took ${elapsed()}`);
  };
}
