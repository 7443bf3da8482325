import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, join } from "node:path";
import type * as Sriov from "../../sdk/index.js";
import { findEngine } from "../../lab/engine/executable.js";
import type { Lab } from "../../lab/lab.js";
import { sharedLab } from "../shared-lab.js";

/** Where the programs of all tests run: one engine, one backend, one folder with the project's packages. */
export interface TestProject {
  readonly lab: Lab;
  readonly folder: string;
  /** Folder of the engine's own state. */
  readonly backend: string;
  /** The package as a program has it: from node_modules, where Pulumi's serialization finds it by name. */
  readonly sriov: typeof Sriov;
}

/** Folder of the repository. */
export const REPOSITORY = join(__dirname, "..", "..", "..");

let opened: Promise<TestProject> | undefined;

export function testProject(): Promise<TestProject> {
  return (opened ??= open());
}

/** A program on disk, in JavaScript; the packages that it imports are the repository's. Returns its folder. */
export async function programFolder(name: string, program: string): Promise<string> {
  const folder = join((await testProject()).folder, name);
  mkdirSync(folder);
  symlinkSync(join(REPOSITORY, "node_modules"), join(folder, "node_modules"));
  writeFileSync(join(folder, "index.js"), program);
  return folder;
}

async function open(): Promise<TestProject> {
  const lab = await sharedLab();
  const engine = await findEngine(lab.run);
  console.log(`    ${engine.describe}`);
  process.env["PATH"] = `${engine.path}${delimiter}${process.env["PATH"] ?? ""}`;
  const folder = join(lab.run.dir, "programs");
  const backend = join(lab.run.dir, "pulumi");
  for (const made of [folder, backend]) mkdirSync(made);
  symlinkSync(join(REPOSITORY, "node_modules"), join(folder, "node_modules"));
  const sriov = createRequire(join(folder, "program.js"))("pulumi-sriov") as typeof Sriov;
  return { lab, folder, backend, sriov };
}
