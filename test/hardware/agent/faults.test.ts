import { expect } from "chai";
import { setTimeout as delay } from "node:timers/promises";
import { until } from "../../integration/agent/observer.js";
import { AgentOnGuest } from "./agent-on-guest.js";
import { first } from "./guest.js";

describe("the agent on a real kernel: faults", function () {
  this.timeout(240_000);
  let hw: AgentOnGuest;

  before(async function () {
    this.timeout(600_000);
    hw = await AgentOnGuest.shared();
    await hw.restore();
    await hw.configure(first, 4);
  });

  describe("killed while it goes from 4 to 6 VFs", () => {
    beforeEach(() => hw.configure(first, 4));

    /** Kills the agent from within the guest, at the moment at which a test of its shell first holds. */
    async function killedWhen(test: string): Promise<void> {
      const shot = hw.guest.run(
        `pid=$(cat /run/lab/agent.pid); touch /tmp/aimed; until ${test}; do :; done; kill -9 $pid`,
      );
      await hw.guest.until("[ -e /tmp/aimed ]");
      await hw.observer.declare(hw.nameOf(first), 6);
      await shot;
      await hw.guest.run("rm /tmp/aimed");
    }

    async function startedAgain(): Promise<void> {
      await hw.restartAgent();
      await hw.configured(first, 6);
    }

    it("finishes, when it was killed before it heard of the change", async () => {
      await hw.node.stopAgent("SIGKILL");
      await hw.observer.declare(hw.nameOf(first), 6);
      await startedAgain();
    });

    for (const [moment, test] of [
      ["while the kernel removed VFs", `[ ! -e ${first.path}/virtfn0 ]`],
      ["when the kernel had removed the last", `[ ! -e ${first.path}/virtfn3 ]`],
      ["while the kernel made VFs", `[ ! -e ${first.path}/virtfn3 ] && until [ -e ${first.path}/virtfn0 ]; do :; done`],
      ["when the kernel had made the last", `[ -e ${first.path}/virtfn5 ]`],
      ["when the last VF had its driver", `[ -e ${first.path}/virtfn5/driver ]`],
    ] as const) {
      it(`finishes, when it was killed ${moment}`, async () => {
        await killedWhen(test);
        await startedAgain();
      });
    }

    it("finishes, when it was killed while it made PCIDevices", async () => {
      const { pciDevices } = hw.observer;
      const fifth = "hw-000001110";
      await hw.observer.declare(hw.nameOf(first), 6);
      await until(
        pciDevices,
        () => pciDevices.list().find(({ metadata }) => metadata.name.startsWith(fifth)),
        () => true,
        fifth,
      );
      await startedAgain();
    });
  });

  describe("without the API server for a minute", () => {
    before(async () => {
      await hw.configure(first, 4);
      await hw.lab.controlPlane.apiServer.stop();
    });
    after(() => hw.lab.controlPlane.apiServer.start());

    it("puts right meanwhile what somebody changes by hand", async () => {
      const minute = delay(60_000);
      await hw.guest.setNumVfsByHand(first, 0, 3);
      await hw.guest.until(`[ -e ${first.path}/virtfn3 ]`);
      await minute;
    });

    it("reports the truth when it is back", async () => {
      await hw.lab.controlPlane.apiServer.start();
      await hw.configured(first, 4);
    });

    it("hears of the next change", () => hw.configure(first, 2));
  });

  it("ends with the hardware as it was, on SIGTERM", async () => {
    await hw.configure(first, 2);
    await hw.node.stopAgent("SIGTERM");
    expect(await hw.node.numVfs(first.address)).to.equal(2);
    await hw.node.startAgent();
  });
});
