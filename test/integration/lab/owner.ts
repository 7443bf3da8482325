/**
 * A program that owns a run, for tests to kill: begins it, starts the processes `first` and `second`, says so on standard
 * output, and waits. Each process appends its name to the file ORDER when it is asked to end; `second` also has a child
 * that left its session.
 *
 * Usage: owner.js ORDER [keep]
 */
import { readFileSync } from "node:fs";
import { beginRun, type LabProcess } from "../../../lab/processes/lab-run.js";
import { until } from "./until.js";

export interface OwnerReport {
  readonly id: string;
  readonly dir: string;
  /** Of `first`, `second` and the child of `second`. */
  readonly pids: readonly number[];
}

if (require.main === module) void main(process.argv[2] ?? "", process.argv[3] === "keep");

async function main(orderFile: string, keep: boolean): Promise<void> {
  const run = await beginRun({ label: "test" });
  run.stopOnSignals();
  const start = (name: string, preparation: string) => {
    const onEnd = `trap 'echo ${name} >> ${orderFile}; exit' TERM`;
    return run.spawn(name, "sh", ["-c", `${onEnd}; ${preparation}; echo ready; while :; do sleep 0.05; done`]);
  };
  const first = start("first", ":");
  const second = start("second", "setsid sh -c 'echo $$; exec sleep 600' & sleep 0.1");
  await until(() => [first, second].every((process) => output(process).includes("ready")));
  const grandchild = Number(/^\d+$/m.exec(output(second))?.[0]);
  if (keep) run.keep();
  const report: OwnerReport = { id: run.id, dir: run.dir, pids: [first.pid, second.pid, grandchild] };
  console.log(JSON.stringify(report));
}

function output({ logFile }: LabProcess): string {
  return readFileSync(logFile, "utf8");
}
