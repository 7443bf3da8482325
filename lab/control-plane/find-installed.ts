import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import type { Release } from "./release.js";

/**
 * The folder in `KUBEBUILDER_ASSETS` or on PATH that has the whole release, new enough and all of one version;
 * `undefined` if none has. Says through `log` why one that has a part of it will not do.
 */
export function findInstalled(release: Release, log: (line: string) => void): string | undefined {
  const { oldest } = release;
  if (oldest === undefined) return undefined;
  const folders = [process.env["KUBEBUILDER_ASSETS"] ?? "", ...(process.env["PATH"] ?? "").split(delimiter)];
  const programs = Object.keys(release.programs);
  return folders
    .filter((folder) => folder !== "" && programs.some((program) => existsSync(join(folder, program))))
    .find((folder) => {
      const objection = objectionTo(folder, programs, oldest);
      if (objection !== undefined) log(`Not using ${programs.join(" and ")} in ${folder}: ${objection}.`);
      return objection === undefined;
    });
}

function objectionTo(folder: string, programs: readonly string[], oldest: string): string | undefined {
  const absent = programs.filter((program) => !existsSync(join(folder, program)));
  if (absent.length > 0) return `${absent.join(" and ")} is not there`;
  const versions = programs.map((program) => askVersion(join(folder, program)));
  const unknown = programs.find((_, index) => versions[index] === undefined);
  if (unknown !== undefined) return `${unknown} --version does not answer with a version`;
  if (new Set(versions).size > 1) return `their versions differ (${versions.join(", ")})`;
  const [version = ""] = versions;
  return compareVersions(version, oldest) < 0 ? `version ${version} is older than ${oldest}` : undefined;
}

/** `v1.36.3` from "Kubernetes v1.36.3" as from "etcd Version: 3.6.8". */
function askVersion(file: string): string | undefined {
  try {
    const answer = execFileSync(file, ["--version"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    const [, version] = /\bv?(\d+\.\d+\.\d+)/.exec(answer) ?? [];
    return version && `v${version}`;
  } catch {
    return undefined;
  }
}

/** Of plain `vX.Y.Z`: negative where `a` is older. */
function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.slice(1).split(".").map(Number));
  const differences = (left ?? []).map((part, index) => part - (right?.[index] ?? 0));
  return differences.find((difference) => difference !== 0) ?? 0;
}
