import { expect } from "chai";
import { existsSync, watch } from "node:fs";
import { dirname } from "node:path";
import type { ChildProcess } from "node:child_process";
import { identify, isAlive, type ProcessIdentity } from "../../lab/processes/process-identity.js";
import { beginRun, listRuns, type RunSummary } from "../../lab/processes/lab-run.js";
import { startMainJob } from "../main-job.js";

describe("npm start, killed", function () {
  this.timeout(180_000);

  for (const moment of ["API server:", "$ pulumi preview", "creating"]) {
    it(`leaves no process and no file behind when killed at "${moment}"`, async () => {
      const job = startMainJob();
      await printed(job, moment);
      const left = runOf(job);
      const processes = identities(left);
      expect(processes).not.to.deep.equal([]);
      job.kill("SIGKILL");
      await gone(left);
      // What may still be there is for the next start to remove.
      await (await beginRun({ label: "sweep" })).stop();
      expect(listRuns().map(({ id }) => id)).not.to.include(left.id);
      expect(processes.filter(isAlive)).to.deep.equal([]);
    });
  }

  it("ends in order on ^C", async () => {
    const job = startMainJob();
    await printed(job, "$ pulumi preview");
    const left = runOf(job);
    const processes = identities(left);
    job.kill("SIGINT");
    await new Promise((resolve) => job.once("close", resolve));
    expect(existsSync(left.dir)).to.equal(false);
    expect(processes.filter(isAlive)).to.deep.equal([]);
  });
});

function printed(job: ChildProcess, text: string): Promise<void> {
  let output = "";
  return new Promise((resolve, reject) => {
    job.stdout?.on("data", (chunk: Buffer) => {
      output += chunk.toString("utf8");
      if (output.includes(text)) resolve();
    });
    job.once("close", () => reject(new Error(`ended before it printed "${text}":\n${output}`)));
  });
}

function runOf(job: ChildProcess): RunSummary {
  const run = listRuns().find(({ ownerPid }) => ownerPid === job.pid);
  if (run === undefined) throw new Error("the main job has no run");
  return run;
}

function identities({ processes }: RunSummary): ProcessIdentity[] {
  return processes.map(({ pid }) => identify(pid)).filter((identity) => identity !== undefined);
}

function gone({ dir }: RunSummary): Promise<void> {
  return new Promise((resolve) => {
    const watcher = watch(dirname(dir), () => {
      if (existsSync(dir)) return;
      watcher.close();
      resolve();
    });
    if (!existsSync(dir)) {
      watcher.close();
      resolve();
    }
  });
}
