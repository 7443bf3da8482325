import { expect } from "chai";
import { execFileSync, spawn, type ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Readable } from "node:stream";
import { device, SysfsTree } from "./sysfs-tree.js";

const NIC = "0000:04:00.0";
const HANGING_NIC = "0000:04:00.1";

/** The agent and the process that writes for it have one stderr, which ends when both are gone. */
describe("the process that writes for LinuxKernel", () => {
  let tree: SysfsTree;
  beforeEach(() => {
    tree = new SysfsTree();
    tree.file(`${device(NIC)}/sriov_numvfs`, "0");
    execFileSync("mkfifo", [`${tree.directory(device(HANGING_NIC))}/sriov_numvfs`]);
  });
  afterEach(() => tree.remove());

  const startAgent = (script: string): ChildProcessByStdio<null, Readable, Readable> => {
    const module = resolve(__dirname, "../../../reconciler/kernel/linux/linux-kernel.js");
    const source = `
      const { LinuxKernel } = require(${JSON.stringify(module)});
      const kernel = new LinuxKernel(${JSON.stringify({ sysRoot: tree.sysRoot, procRoot: tree.procRoot })});
      const write = (address, count, deadlineMs = 60_000) => kernel.setNumVfs(address, count, { deadlineMs });
      ${script}`;
    return spawn(process.execPath, ["-e", source], { stdio: ["ignore", "pipe", "pipe"] });
  };

  it("does not keep the agent from ending", async () => {
    const agent = startAgent(`write("${NIC}", 4);`);
    expect(await once(agent, "exit")).to.deep.equal([0, null]);
    expect(readFileSync(`${tree.root}${device(NIC)}/sriov_numvfs`, "utf8")).to.equal("4");
  });

  it("does not keep the agent from ending when it hangs", async () => {
    const agent = startAgent(`write("${HANGING_NIC}", 4, 50).catch((error) => console.log(error.code));`);
    const said = once(agent.stdout, "data");
    expect(await once(agent, "exit")).to.deep.equal([0, null]);
    expect(String(await said)).to.equal("ETIMEDOUT\n");
  });

  it("ends with an agent that is killed", async () => {
    const agent = startAgent(`write("${NIC}", 4).then(() => console.log("written")); setInterval(() => {}, 1000);`);
    const gone = once(agent.stderr.resume(), "end");
    await once(agent.stdout, "data");
    agent.kill("SIGKILL");
    await gone;
  });

  it("ends with an agent that is killed while a write hangs", async () => {
    const agent = startAgent(`write("${HANGING_NIC}", 4); write("${NIC}", 4).then(() => console.log("written"));`);
    const gone = once(agent.stderr.resume(), "end");
    await once(agent.stdout, "data");
    agent.kill("SIGKILL");
    await gone;
  });

  it("has no part in the agent's NODE_OPTIONS", async () => {
    const agent = startAgent(`process.env.NODE_OPTIONS = "--no-such-option"; write("${NIC}", 4);`);
    expect(await once(agent, "exit")).to.deep.equal([0, null]);
  });
});
