import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { listRuns, type LabRun } from "../../lab/processes/lab-run.js";

/** Processor time in milliseconds that each process of a run has used so far, by the process's name. Linux only. */
export function cpuTimes(run: LabRun): ReadonlyMap<string, number> {
  const processes = listRuns().find(({ id }) => id === run.id)?.processes ?? [];
  return new Map(processes.filter(({ alive }) => alive).map(({ name, pid }) => [name, cpuTime(pid)]));
}

/** Fields 14 and 15 of proc(5)'s `stat`; the second, the command, may hold blanks, but none after its parenthesis. */
function cpuTime(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const ticks = Number(fields[11]) + Number(fields[12]);
  return (ticks * 1_000) / ticksPerSecond();
}

let ticks: number | undefined;

function ticksPerSecond(): number {
  return (ticks ??= Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" })));
}
