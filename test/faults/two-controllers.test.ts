import { expect } from "chai";
import type { LabController } from "../../lab/controller.js";
import { logOf, metric, says } from "../integration/controller/controller-process.js";
import { addressOf } from "../integration/agent/hardware.js";
import { until } from "../integration/lab/until.js";
import type { EndState } from "./end-state.js";
import { gatedController } from "./gated-controller.js";
import { PolicyWorld, type Wish } from "./policy-world.js";
import type { WriteGate } from "./write-gate.js";

/** A replica that is gone is waited for so long; an API server that is restarted needs most of it. */
const TIMINGS = ["--lease-duration", "4", "--renew-deadline", "3", "--retry-period", "0.5"];

describe("two controllers", () => {
  let world: PolicyWorld;
  let gate: WriteGate;
  let first: LabController;
  let second: LabController;
  const undisturbed = new Map<Wish, EndState>();
  const reaches = (wish: Wish): Promise<void> => world.reaches(undisturbed.get(wish) ?? {});

  before(async () => {
    world = await PolicyWorld.start("n-two");
    first = await world.lab.startController({ args: TIMINGS });
    await says(first, /"leads"/);
    for (const wish of ["first", "swapped", "second", "nothing"] as const) {
      await world.ask(wish);
      undisturbed.set(wish, await world.settles(wish));
    }
    await first.stop();
    const gated = await gatedController(world.lab);
    gate = gated.gate;
    first = await world.lab.startController({ args: [...TIMINGS, ...gated.args] });
    await says(first, /"leads"/);
    second = await world.lab.startController({ args: TIMINGS });
    await says(second, /stands by while/);
  });
  after(async () => {
    await Promise.all([first.stop("SIGKILL"), second.stop()]);
    gate.close();
    await world.stop();
  });

  it("come to the same when the leader stops in the middle, for longer than its lease", async () => {
    let writes = 0;
    const fourth = gate.closesWith(() => ++writes === 4);
    await world.ask("first");
    await fourth;
    first.process.signal("SIGSTOP");
    await reaches("first");
    await says(second, /"leads"/);
  });

  it("have the one that went on later write nothing more", async () => {
    gate.open();
    first.process.signal("SIGCONT");
    await says(first, /leads no more/);
    await world.ask("second");
    await reaches("second");
    expect(gate.writes).to.deep.equal([]);
    expect(await metric(second, "device_writes_total")).to.be.greaterThan(0);
    expect(logOf(first).match(/"leads"/g)).to.have.length(1);
  });

  it("come to the same when the leader is killed in the middle", async () => {
    await world.ask("nothing");
    await reaches("nothing");
    await second.stop();
    await until(() => (logOf(first).match(/"leads"/g) ?? []).length === 2);
    second = await world.lab.startController({ args: TIMINGS });
    await says(second, /stands by while/);
    let writes = 0;
    const fifth = gate.closesWith(() => ++writes === 5);
    await world.ask("first");
    await fifth;
    await first.stop("SIGKILL");
    await reaches("first");
    gate.open();
  });

  it("come to the same when the API server restarts in the middle", async () => {
    await world.ask("second");
    await until(() => world.devices.get(world.deviceName(1, 1))?.spec.numVFS === 4);
    await world.lab.controlPlane.apiServer.kill();
    await world.lab.controlPlane.apiServer.start();
    await reaches("second");
  });

  it("come to the same when they and an agent die while VFs change drivers", async () => {
    const [node] = world.nodes;
    if (node === undefined) throw new Error("no node was started");
    await world.ask("nothing");
    await world.settles("nothing");
    await world.ask("first");
    await reaches("first");
    await node.hardware.hang(addressOf(0), true);
    await world.ask("swapped");
    await until(() => world.devices.get(world.deviceName(1, 0))?.spec.vfGroups?.[0]?.deviceType === "vfio-pci");
    await Promise.all([node.stopAgent("SIGKILL"), second.stop("SIGKILL")]);
    await node.hardware.hang(addressOf(0), false);
    await world.releaseLease();
    second = await world.lab.startController({ args: TIMINGS });
    await node.startAgent();
    await reaches("swapped");
  });
});
