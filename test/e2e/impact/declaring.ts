import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { join } from "node:path";
import { programFolder, REPOSITORY } from "../project.js";
import { openStack, type StackOptions, type TestStack } from "../stack.js";

/** A stack whose program declares what its configuration says, so that the engine's own command line can be run on it. */
export interface DeclaringStack {
  readonly stack: TestStack;
  /** What the program declares from now on: classes and arguments by name of the resource. */
  declare(resources: Readonly<Record<string, readonly [type: string, args: object]>>): Promise<void>;
  /** Runs `pulumi preview --json`. */
  preview(...more: string[]): Promise<Ended>;
  /** Runs `pulumi-sriov impact` on that. */
  impact(preview: Ended, options?: ImpactOptions): Promise<Ended>;
}

export interface ImpactOptions {
  readonly args?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const PROGRAM = `
const pulumi = require("@pulumi/pulumi");
const sriov = require("pulumi-sriov");
const resources = new pulumi.Config().requireObject("resources");
for (const [name, [type, args]] of Object.entries(resources)) new sriov[type](name, args);
`;

export async function declaringStack(name: string, options: StackOptions = {}): Promise<DeclaringStack> {
  const folder = await programFolder(name, PROGRAM);
  const stack = await openStack({ ...options, folder });
  const env = { ...process.env, ...stack.automation.workspace.envVars };
  return {
    stack,
    declare: (resources) => stack.automation.setConfig("resources", { value: JSON.stringify(resources) }),
    preview: (...more) =>
      run("pulumi", ["preview", "--json", "--non-interactive", "--stack", stack.automation.name, ...more], {
        folder,
        env,
      }),
    impact: ({ stdout }, { args = [], environment = {} } = {}) => {
      const command = [join(REPOSITORY, "dist", "cli", "main.js"), "impact", ...args];
      return run(process.execPath, command, { folder, env: { ...env, ...environment }, input: stdout });
    },
  };
}

interface RunOptions {
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  readonly input?: string;
}

export async function run(program: string, args: readonly string[], options: RunOptions): Promise<Ended> {
  const { folder, env, input = "" } = options;
  const child = spawn(program, args, { cwd: folder, env, stdio: ["pipe", "pipe", "pipe"] });
  child.stdin.end(input);
  const ended = new Promise<number | null>((resolve, reject) => child.once("error", reject).once("close", resolve));
  const [status, stdout, stderr] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
  return { status, stdout, stderr };
}
