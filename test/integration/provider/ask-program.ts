import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Lab } from "../../../lab/lab.js";

const run = promisify(execFile);

/** What a program of its own has printed of one lookup's answers; resolves when its process has ended by itself. */
export async function askProgram(lab: Lab, lookup: string, filter: object = {}): Promise<readonly unknown[]> {
  const config = { "sriov:kubeconfig": lab.controlPlane.kubeconfig };
  const env = { ...process.env, KUBECONFIG: "/nonexistent", PULUMI_CONFIG: JSON.stringify(config) };
  const args = [join(__dirname, "lookup-program.js"), lookup, JSON.stringify(filter)];
  const { stdout } = await run(process.execPath, args, { env });
  return stdout
    .trim()
    .split("\n")
    .map((line): unknown => JSON.parse(line));
}
