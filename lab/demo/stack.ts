import { spawn } from "node:child_process";
import { copyFileSync, cpSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import type { EngineExecutable } from "../engine/executable.js";
import type { Lab } from "../lab.js";
import { shellEnvironment } from "../shell-environment.js";

/** A project's stack in the lab, driven by the same commands that a person would type. */
export interface DemoStack {
  /** Runs `pulumi <command> <args>`, shown with its output. Rejects where it succeeds and should not, or the other way. */
  pulumi(command: string, args?: readonly string[], expected?: "success" | "failure"): Promise<void>;
  config(key: string, value: string): Promise<void>;
  /** What a shell needs so that `pulumi` and `kubectl` find the lab. */
  readonly environment: Readonly<Record<string, string>>;
  /** Folder in which that shell runs `pulumi`. */
  readonly project: string;
}

const STACK = "lab";

/**
 * @param makeProject makes the folder in which Pulumi is run: Pulumi puts the stack's settings file beside Pulumi.yaml, and
 *   not into the checkout.
 */
export async function openDemoStack(
  lab: Lab,
  engine: EngineExecutable,
  makeProject: (folder: string) => void,
): Promise<DemoStack> {
  const environment = shellEnvironment(lab, engine);
  const env = { ...process.env, ...environment, ...lab.run.environment, PULUMI_SKIP_UPDATE_CHECK: "true" };
  const project = join(lab.run.dir, "project");
  makeProject(project);

  async function run(args: readonly string[], show: boolean): Promise<number> {
    const child = spawn("pulumi", [...args, "--non-interactive"], {
      cwd: project,
      env,
      stdio: ["ignore", show ? "inherit" : "ignore", "inherit"],
      // Neither goes on, nor is begun, once the lab is stopping.
      signal: lab.run.signal,
      killSignal: "SIGINT",
    });
    return new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("exit", (code) => resolve(code ?? 1));
    });
  }

  await must(run(["stack", "init", STACK], false), "pulumi stack init");
  return {
    environment,
    project,
    async pulumi(command, args = [], expected = "success") {
      console.log(`\n$ pulumi ${[command, ...args].join(" ")}`);
      const status = await run([command, ...args, "--stack", STACK], true);
      if (expected === "success" ? status !== 0 : status === 0) {
        throw new Error(`pulumi ${command} ended with status ${status}, and should have been a ${expected}`);
      }
    },
    async config(key, value) {
      console.log(`$ pulumi config set ${key} ${value}`);
      await must(run(["config", "set", key, value, "--stack", STACK], false), `pulumi config set ${key}`);
    },
  };
}

const CHECKOUT = join(__dirname, "..", "..", "..");

/** The root project as it stands. */
export function rootProject(folder: string): void {
  mkdirSync(folder);
  copyFileSync(join(CHECKOUT, "Pulumi.yaml"), join(folder, "Pulumi.yaml"));
  for (const name of ["examples", "node_modules"]) symlinkSync(join(CHECKOUT, name), join(folder, name));
}

/** A program of examples/ that is a project of its own, as it stands. */
export function exampleProject(name: string): (folder: string) => void {
  return (folder) => {
    cpSync(join(CHECKOUT, "examples", name), folder, { recursive: true });
    symlinkSync(join(CHECKOUT, "node_modules"), join(folder, "node_modules"));
  };
}

async function must(status: Promise<number>, what: string): Promise<void> {
  const code = await status;
  if (code !== 0) throw new Error(`${what} ended with status ${code}`);
}
