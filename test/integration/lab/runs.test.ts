import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect } from "chai";
import { beginRun, endRun, listRuns } from "../../../lab/processes/lab-run.js";
import { identify, isAlive } from "../../../lab/processes/process-identity.js";
import type { RunRecord } from "../../../lab/processes/run-record.js";
import type { OwnerReport } from "./owner.js";
import { until } from "./until.js";

describe("a run of the lab", () => {
  const cacheBefore = process.env["XDG_CACHE_HOME"];
  let scratch: string;
  let orderFile: string;
  let owner: ChildProcess;
  let owners: ChildProcess[];

  beforeEach(() => {
    scratch = mkdtempSync(join(tmpdir(), "runs-"));
    orderFile = join(scratch, "order");
    owners = [];
    process.env["XDG_CACHE_HOME"] = join(scratch, "cache");
  });

  afterEach(async () => {
    for (const each of owners) each.kill("SIGKILL");
    for (const { id } of listRuns()) await endRun(id);
    if (cacheBefore === undefined) delete process.env["XDG_CACHE_HOME"];
    else process.env["XDG_CACHE_HOME"] = cacheBefore;
    rmSync(scratch, { recursive: true, force: true });
  });

  /** Detached, so that a signal to its process group reaches what a terminal's ^C would. */
  async function startOwner(...args: string[]): Promise<OwnerReport> {
    owner = spawn(process.execPath, [join(__dirname, "owner.js"), orderFile, ...args], {
      detached: true,
      stdio: ["ignore", "pipe", "inherit"],
    });
    owners.push(owner);
    if (owner.stdout === null) throw new Error("the owner has no standard output");
    for await (const line of createInterface(owner.stdout)) return JSON.parse(line) as OwnerReport;
    throw new Error("the owner said nothing");
  }

  async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
    const exited = once(child, "exit");
    process.kill(-(child.pid ?? 0), signal);
    await exited;
  }

  const running = (pids: readonly number[]) => pids.filter(runs);

  it("leaves neither process nor directory when its owner is killed", async () => {
    const { dir, pids } = await startOwner();
    expect(running(pids)).to.deep.equal(pids);
    await end(owner, "SIGKILL");
    await until(() => !existsSync(dir));
    expect(running(pids)).to.deep.equal([]);
  });

  it("is ended by the next one where its reaper was killed as well", async () => {
    const { id, dir, pids } = await startOwner();
    const reaper = reaperOf(id);
    process.kill(reaper, "SIGKILL");
    await until(() => !runs(reaper));
    await end(owner, "SIGKILL");
    expect(running(pids)).to.deep.equal(pids);
    const lines: string[] = [];
    const next = await beginRun({ label: "next", log: (line) => lines.push(line) });
    await next.stop();
    expect(running(pids)).to.deep.equal([]);
    expect(existsSync(dir)).to.equal(false);
    expect(lines).to.deep.equal([
      `Removed what run ${id} left behind, whose owner is gone: 3 processes and its directory.`,
    ]);
  });

  it("doesn't take a process that was given a recorded number later for its own", async () => {
    const { id, dir } = await startOwner();
    const bystander = spawn("sleep", ["600"]);
    try {
      process.kill(reaperOf(id), "SIGKILL");
      await end(owner, "SIGKILL");
      const file = join(dir, "run.json");
      const record = JSON.parse(readFileSync(file, "utf8")) as RunRecord;
      const recycled = record.processes.map((entry) => ({ ...entry, pid: bystander.pid }));
      writeFileSync(file, JSON.stringify({ ...record, processes: recycled }));
      const next = await beginRun({ label: "next" });
      await next.stop();
      expect(existsSync(dir)).to.equal(false);
      expect(runs(bystander.pid ?? 0)).to.equal(true);
    } finally {
      bystander.kill("SIGKILL");
    }
  });

  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    it(`ends its processes in reverse order on ${signal} to the owner's process group`, async () => {
      const { dir, pids } = await startOwner();
      await end(owner, signal);
      expect(readFileSync(orderFile, "utf8")).to.equal("second\nfirst\n");
      expect(running(pids)).to.deep.equal([]);
      expect(existsSync(dir)).to.equal(false);
      expect(owner.signalCode).to.equal(signal);
    });
  }

  it("takes a signal that reaches the owner twice for one", async () => {
    const { dir } = await startOwner();
    process.kill(owner.pid ?? 0, "SIGINT");
    await end(owner, "SIGTERM");
    // Without the reaper's help, which would come later.
    expect(existsSync(dir)).to.equal(false);
    expect(readFileSync(orderFile, "utf8")).to.equal("second\nfirst\n");
  });

  it("whose record was cut short is removed once it is a minute old", async () => {
    const { dir } = await startOwner();
    await end(owner, "SIGTERM");
    mkdirSync(dir);
    writeFileSync(join(dir, "run.json"), "");
    const longAgo = Date.now() / 1000 - 61;
    utimesSync(dir, longAgo, longAgo);
    const next = await beginRun({ label: "next" });
    await next.stop();
    expect(existsSync(dir)).to.equal(false);
  });

  it("outlives its owner when it is kept, until it is ended", async () => {
    const { id, dir, pids } = await startOwner("keep");
    if (owner.exitCode === null) await once(owner, "exit");
    const sweeper = await beginRun({ label: "next" });
    await sweeper.stop();
    expect(running(pids)).to.deep.equal(pids);
    await endRun(id);
    expect(running(pids)).to.deep.equal([]);
    expect(existsSync(dir)).to.equal(false);
  });

  it("is listed with its processes and what its owner said of it", async () => {
    const { id } = await startOwner();
    const own = await beginRun({ label: "own" });
    const sleeper = own.spawn("sleeper", "sleep", ["600"]);
    own.describe({ nodes: ["a"] });
    own.describe({ kubeconfig: "/x" });
    const runsNow = listRuns();
    await own.stop();
    expect(runsNow.map((run) => run.id)).to.deep.equal([id, own.id]);
    expect(runsNow[1]).to.deep.include({
      label: "own",
      ownerPid: process.pid,
      ownerAlive: true,
      keep: false,
      processes: [{ name: "sleeper", pid: sleeper.pid, alive: true }],
      metadata: { nodes: ["a"], kubeconfig: "/x" },
    });
  });

  it("tells work in progress that it is stopping, and starts nothing more", async () => {
    const run = await beginRun({ label: "own" });
    expect(run.signal.aborted).to.equal(false);
    const stopped = run.stop();
    expect(run.signal.aborted).to.equal(true);
    expect(() => run.spawn("late", "true", [])).to.throw(`run ${run.id} is stopping`);
    await stopped;
  });

  it("says which process could not be started", async () => {
    const run = await beginRun({ label: "own" });
    try {
      expect(() => run.spawn("tool", "/no/such/program", [])).to.throw(
        "tool: cannot run /no/such/program: not found or not executable",
      );
    } finally {
      await run.stop();
    }
  });
});

function runs(pid: number): boolean {
  const identity = identify(pid);
  return identity !== undefined && isAlive(identity);
}

function reaperOf(id: string): number {
  const pid = readdirSync("/proc").find((entry) => {
    if (!/^\d+$/.test(entry)) return false;
    const commandLine = existsSync(`/proc/${entry}/cmdline`) ? readFileSync(`/proc/${entry}/cmdline`, "utf8") : "";
    return commandLine.includes("reaper.js") && commandLine.includes(id);
  });
  if (pid === undefined) throw new Error(`no reaper of run ${id}`);
  return Number(pid);
}
