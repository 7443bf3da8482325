import { expect } from "chai";
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import type { LabProcess } from "../../lab/processes/lab-run.js";
import { type Nic, nicOfOwnNode } from "./nics.js";
import { programFolder } from "./project.js";
import { openStack, type TestStack } from "./stack.js";

/**
 * Cut short while it waits for the agent, which is stopped for that. Whatever was cut, the next command goes on from there,
 * and leaves one owner of the count, or none. One stack goes through all of it, as one in earnest would.
 */
describe("a command that is interrupted", () => {
  let nic: Nic;
  let four: TestStack;
  let two: TestStack;

  before(async () => {
    nic = await nicOfOwnNode("e2e-cut");
    const args = { nodeName: nic.nodeName, interfaceName: nic.interfaceName };
    const program = `
      const sriov = require("pulumi-sriov");
      const numVfs = Number(process.env.NUM_VFS);
      new sriov.SriovNetworkDevice("nic", { ...${JSON.stringify(args)}, numVfs });`;
    const folder = await programFolder("interrupted", program);
    four = await openStack({ folder, environment: { NUM_VFS: "4" } });
    two = await four.withEnvironment({ NUM_VFS: "2" });
  });

  it("by the first ^C ends what it is at, and leaves a state with nothing to do", async () => {
    const up = await waiting(four, "up", 4);
    up.signal("SIGINT");
    await said(up, "^C received; cancelling");
    await nic.node.startAgent();
    await up.exited;
    expect(pendingIn(four)).to.equal(0);
    expect((await four.preview()).steps).to.deep.equal({});
    expect(await nic.numVfs()).to.equal(4);
  });

  it("by the second ^C while it changes a count is continued by the next up", async () => {
    const up = await waiting(two, "up", 2);
    await cutTwice(up);
    await goOn(() => two.up());
    expect([await nic.numVfs(), (await nic.owners()).length]).to.deep.equal([2, 1]);
  });

  it("by the second ^C while it deletes is continued by the next destroy", async () => {
    const destroy = await waiting(two, "destroy", 0);
    await cutTwice(destroy);
    expect(await two.resources()).to.have.length(1);
    await goOn(() => two.destroy());
    expect([await nic.numVfs(), (await nic.owners()).length]).to.deep.equal([0, 0]);
  });

  it("by the end of its engine after it has set the count is continued by the next up, which leaves one field manager", async () => {
    const up = await waiting(four, "up", 4);
    up.signal("SIGKILL");
    await up.exited;
    const [first = ""] = await nic.owners();
    await goOn(() => four.up());
    expect(await nic.numVfs()).to.equal(4);
    expect(await four.resources()).to.have.length(1);
    expect(await nic.owners())
      .to.have.length(1)
      .and.not.to.include(first);
  });

  it("by the end of its provider's process fails, and is continued by the next up", async () => {
    const up = await waiting(two, "up", 2);
    process.kill(providerOf(up.pid), "SIGKILL");
    expect((await up.exited).code).not.to.equal(0);
    await goOn(() => two.up());
    expect([await nic.numVfs(), (await nic.owners()).length]).to.deep.equal([2, 1]);
    await two.destroy();
    expect([await nic.numVfs(), (await nic.owners()).length]).to.deep.equal([0, 0]);
  });

  /** A command that has asked for so many VFs, of an agent that is not there. */
  async function waiting(stack: TestStack, verb: "up" | "destroy", numVfs: number): Promise<LabProcess> {
    await nic.node.stopAgent("SIGKILL");
    const { workspace, name } = stack.automation;
    const env = { ...process.env, ...workspace.envVars };
    const command = [verb, "--yes", "--skip-preview", "--non-interactive", "--stack", name];
    const options = { cwd: workspace.workDir, env };
    const spawned = nic.lab.run.spawn(`interrupted-${++commands}`, "pulumi", command, options);
    await nic.until(`asked for ${numVfs} VFs`, ({ spec }) => spec.numVFS === numVfs);
    return spawned;
  }

  async function cutTwice(command: LabProcess): Promise<void> {
    command.signal("SIGINT");
    await said(command, "^C received; cancelling");
    command.signal("SIGINT");
    await command.exited;
  }

  /** With the agent back, and without the lock that a command leaves which could not end by itself. */
  async function goOn(next: () => Promise<unknown>): Promise<void> {
    await four.automation.cancel().catch(() => undefined);
    await nic.node.startAgent();
    await next();
  }
});

let commands = 0;

/** Resolves once the process has written this. */
async function said({ logFile, exited }: LabProcess, words: string): Promise<void> {
  const ended = exited.then(() => true);
  while (!readFileSync(logFile, "utf8").includes(words)) {
    const hasEnded = await Promise.race([ended, setTimeout(20, false)]);
    if (hasEnded) throw new Error(`it has ended and never said ${words}:\n${readFileSync(logFile, "utf8")}`);
  }
}

function pendingIn(stack: TestStack): number {
  const { checkpoint } = JSON.parse(stack.stateFile()) as {
    checkpoint: { latest: { pending_operations?: unknown[] } };
  };
  return checkpoint.latest.pending_operations?.length ?? 0;
}

/** The process of the dynamic provider below that of the engine. */
function providerOf(engine: number): number {
  const processes = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const parent = Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
        return [{ pid: Number(pid), parent, command: readFileSync(`/proc/${pid}/cmdline`, "utf8") }];
      } catch {
        // It has ended meanwhile.
        return [];
      }
    });
  const isBelow = (pid: number): boolean => {
    const parent = processes.find((other) => other.pid === pid)?.parent ?? 0;
    return parent === engine || (parent > 1 && isBelow(parent));
  };
  const found = processes.find(({ pid, command }) => command.includes("cmd/dynamic-provider") && isBelow(pid));
  if (found === undefined) throw new Error(`process ${engine} has no dynamic provider below it`);
  return found.pid;
}
