import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { TestStack } from "../stack.js";

/** `pulumi …` of a stack as a person types it. Answers what it printed. @throws {Error} with that where it failed. */
export async function pulumi({ automation }: TestStack, ...words: string[]): Promise<string> {
  const { workDir, envVars } = automation.workspace;
  const args = [...words, "--stack", automation.name, "--non-interactive"];
  const { stdout } = await promisify(execFile)("pulumi", args, { cwd: workDir, env: { ...process.env, ...envVars } });
  return stdout;
}
