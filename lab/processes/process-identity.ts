import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";

/** A process as it can be told apart from a later one that was given the same number. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it was started, in a form that is only good for comparing. */
  readonly started: string;
}

/** Who has this number now; `undefined` if nobody. A process that ended but was not waited for yet still has it. */
export function identify(pid: number): ProcessIdentity | undefined {
  const found = look(pid);
  return found && { pid, started: found.started };
}

/** Whether this very process still runs; one that ended but was not waited for yet does not. */
export function isAlive({ pid, started }: ProcessIdentity): boolean {
  const found = look(pid);
  return found !== undefined && found.started === started && !found.ended;
}

/**
 * The processes whose environment had `NAME=value` when they were started, which descendants inherit wherever they
 * went. Only Linux tells; elsewhere the answer is empty.
 */
export function findByEnvironment(name: string, value: string): ProcessIdentity[] {
  if (process.platform !== "linux") return [];
  return readdirSync("/proc")
    .filter((entry) => /^[0-9]+$/.test(entry) && Number(entry) !== process.pid)
    .filter((entry) => read(`/proc/${entry}/environ`)?.split("\0").includes(`${name}=${value}`))
    .flatMap((entry) => identify(Number(entry)) ?? [])
    .filter(isAlive);
}

interface Sighting {
  readonly started: string;
  readonly ended: boolean;
}

function look(pid: number): Sighting | undefined {
  return process.platform === "linux" ? lookInProc(pid) : askPs(pid);
}

/** Ticks since boot repeat after a reboot, hence the boot's own identity beside them. */
function lookInProc(pid: number): Sighting | undefined {
  const stat = read(`/proc/${pid}/stat`);
  // The second field is the command in parentheses and may itself hold spaces and parentheses.
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state, ticks] = [fields?.[0], fields?.[19]];
  if (state === undefined || ticks === undefined) return undefined;
  return { started: `${bootId()}/${ticks}`, ended: state === "Z" || state === "X" };
}

function askPs(pid: number): Sighting | undefined {
  try {
    const answer = execFileSync("ps", ["-o", "stat=,lstart=", "-p", String(pid)], {
      encoding: "utf8",
      env: { ...process.env, LC_ALL: "C" },
      stdio: ["ignore", "pipe", "ignore"],
    });
    const [, state, started] = /^\s*(\S+)\s+(.*\S)\s*$/.exec(answer) ?? [];
    return state === undefined || started === undefined ? undefined : { started, ended: state.startsWith("Z") };
  } catch {
    return undefined; // ps ends with status 1 where there is no such process
  }
}

function bootId(): string {
  return read("/proc/sys/kernel/random/boot_id")?.trim() ?? "";
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined; // gone meanwhile, or somebody else's
  }
}
