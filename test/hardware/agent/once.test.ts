import { expect } from "chai";
import { readFileSync } from "node:fs";
import { AgentOnGuest } from "./agent-on-guest.js";
import { first } from "./guest.js";

describe("the agent on a real kernel: with --once", function () {
  this.timeout(240_000);
  let hw: AgentOnGuest;

  before(async function () {
    this.timeout(600_000);
    hw = await AgentOnGuest.shared();
    await hw.restore();
    await hw.node.stopAgent("SIGKILL");
    await hw.observer.declare(hw.nameOf(first), 3);
    await hw.node.startAgent({ args: ["--once"] });
  });
  after(() => hw.node.startAgent());

  it("gives a NIC what it is asked for", async () => {
    await hw.configured(first, 3);
  });

  it("then ends with status 0", async () => {
    await hw.guest.until("[ ! -d /proc/$(cat /run/lab/agent.pid) ]");
    const log = readFileSync(hw.node.agentLog, "utf8");
    expect(log)
      .to.include("every device is Ready")
      .and.match(/ended with status 0/);
  });
});
