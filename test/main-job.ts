import { expect } from "chai";
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";

/** What `npm start` runs, as a process of its own. */
export function startMainJob(...args: string[]): ChildProcess {
  const main = join(__dirname, "..", "lab", "main.js");
  return spawn(process.execPath, [main, "demo", ...args], { stdio: ["ignore", "pipe", "pipe"] });
}

/** Runs the main job to its end and returns what it printed. */
export async function runMainJob(...args: string[]): Promise<string> {
  const job = startMainJob(...args);
  const chunks: Buffer[] = [];
  for (const stream of [job.stdout, job.stderr]) stream?.on("data", (chunk: Buffer) => chunks.push(chunk));
  const status = await new Promise((resolve) => job.once("close", resolve));
  const output = Buffer.concat(chunks).toString("utf8");
  expect(status, output).to.equal(0);
  return output;
}

/** What the node's own kernel said after each step, in order. */
export function kernelCounts(output: string): number[] {
  return [...output.matchAll(/'s kernel: .* has sriov_numvfs (\d+)/g)].map((match) => Number(match[1]));
}
