import { execFile } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, dirname, join } from "node:path";
import { isExecutable } from "../is-executable.js";
import { engineVersion } from "./state.js";

export interface EngineExecutable {
  /** `pulumi`: found on PATH. `npm-launcher`: the npm package `pulumi`. `stand-in`: this repository's own. */
  kind: "pulumi" | "npm-launcher" | "stand-in";
  /** The folder, with an executable `pulumi` in it, to put first on PATH. */
  path: string;
  /** Such as `v3.270.0`. */
  version: string;
  /** One line that says which engine is used. */
  describe: string;
}

/**
 * Finds an engine: the `pulumi` on PATH if it runs, else the launcher of the npm package `pulumi` if it is installed and
 * can download, else the stand-in, for which a wrapper is written to `<dir>/engine-bin`. `PULUMI_SRIOV_ENGINE=stand-in`
 * takes the stand-in at once.
 */
export async function findEngine(run: { dir: string }): Promise<EngineExecutable> {
  if (process.env["PULUMI_SRIOV_ENGINE"] === "stand-in") return standInEngine(run.dir);
  return (await onPath()) ?? (await npmLauncher()) ?? standInEngine(run.dir);
}

async function onPath(): Promise<EngineExecutable | undefined> {
  for (const path of (process.env["PATH"] ?? "").split(delimiter)) {
    const file = join(path, "pulumi");
    if (!isExecutable(file) || file.includes(join("node_modules", ".bin"))) continue;
    const version = await versionOf(file, 10_000);
    if (version) return { kind: "pulumi", path, version, describe: `Engine: Pulumi ${version} (${file})` };
  }
  return undefined;
}

/** The launcher downloads Pulumi's CLI on first use; offline it fails, and must not keep anybody waiting. */
async function npmLauncher(): Promise<EngineExecutable | undefined> {
  const folder = installedFolder("pulumi");
  if (folder === undefined) return undefined;
  const path = join(dirname(folder), ".bin");
  const file = join(path, "pulumi");
  const version = isExecutable(file) ? await versionOf(file, 60_000) : undefined;
  if (!version) return undefined;
  return { kind: "npm-launcher", path, version, describe: `Engine: Pulumi ${version} (npm package \`pulumi\`)` };
}

/** The stand-in, whatever else is there. */
export function standInEngine(dir: string): EngineExecutable {
  const path = join(dir, "engine-bin");
  mkdirSync(path, { recursive: true });
  const file = join(path, "pulumi");
  writeFileSync(file, `#!/bin/sh\nexec ${quoted(process.execPath)} ${quoted(join(__dirname, "main.js"))} "$@"\n`);
  chmodSync(file, 0o755);
  const describe = "Engine: the lab's stand-in (lab/engine), not Pulumi's CLI: no `pulumi` on PATH";
  return { kind: "stand-in", path, version: engineVersion, describe };
}

function versionOf(file: string, timeout: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const env = { ...process.env, PULUMI_SKIP_UPDATE_CHECK: "true" };
    execFile(file, ["version"], { timeout, env }, (error, stdout) => {
      const [version] = /v\d+\.\d+\.\d+\S*/.exec(stdout) ?? [];
      resolve(error ? undefined : version);
    });
  });
}

function installedFolder(name: string): string | undefined {
  const roots = createRequire(__filename).resolve.paths(name) ?? [];
  return roots.map((root) => join(root, name)).find((folder) => existsSync(join(folder, "package.json")));
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
