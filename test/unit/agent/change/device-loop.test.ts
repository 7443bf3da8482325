import { expect } from "chai";
import { setImmediate } from "node:timers/promises";
import { pino } from "pino";
import { Annotation } from "../../../../api/names.js";
import type { SriovNetworkDevice } from "../../../../api/sriov-network-device.js";
import type { KubeClient } from "../../../../kube/client.js";
import { DeviceLoop } from "../../../../reconciler/agent/change/device-loop.js";
import { type PhysicalFunction, parsePciAddress } from "../../../../reconciler/kernel/kernel.js";
import { deviceObject, physicalFunction } from "../nic.js";
import { Turns } from "../../../../reconciler/agent/turns.js";
import { kernelWith } from "../kernel.js";
import { noEvents } from "../../../../reconciler/service/events.js";
import { noMetrics } from "../../../../reconciler/agent/service/metrics.js";
import { kernelUsers } from "../../../kernel-users.js";

/** A loop, its object at an API server that only keeps it, and a NIC that is read and never written. */
class Bench {
  reads = 0;
  statusWrites = 0;
  /** While set, reading the NIC takes until this resolves. */
  readable: Promise<unknown> | undefined;
  readonly acknowledged = Promise.withResolvers<undefined>();
  private readonly loop: DeviceLoop;

  constructor(
    public device: SriovNetworkDevice,
    nic: PhysicalFunction,
  ) {
    const kernel = kernelWith({
      physicalFunction: async () => {
        this.reads++;
        await this.readable;
        return nic;
      },
    });
    this.loop = new DeviceLoop(parsePciAddress(nic.address), {
      kernel,
      client: { merge: ((_type, _name, patch) => this.merge(patch)) as KubeClient["merge"] },
      users: kernelUsers,
      events: noEvents,
      metrics: noMetrics,
      pciDevices: { sync: () => Promise.resolve() },
      log: pino({ enabled: false }),
      current: () => this.device,
      turns: new Turns(),
      eligibility: () => ({ eligible: true, reason: "Eligible", message: "" }),
      meantForVfio: () => new Map(),
      observe: (device) => this.change(device),
      options: { writeDeadlineMs: 1_000, settleDeadlineMs: 1_000 },
    });
  }

  change(device: SriovNetworkDevice): void {
    this.device = device;
    this.loop.hear(device);
  }

  /** Resolves with how often the NIC was read: woken, and again so many steps after the first reading. */
  async look(steps: number): Promise<number> {
    const read = Promise.withResolvers<undefined>();
    this.reads = 0;
    this.readable = read.promise;
    this.loop.wake();
    await settled();
    this.readable = undefined;
    read.resolve(undefined);
    for (let step = 0; step < steps; step++) await Promise.resolve();
    this.loop.wake();
    await settled();
    return this.reads;
  }

  /** Resolves when the loop has nothing more to do. */
  async wake(): Promise<void> {
    this.loop.wake();
    await this.readable;
    await settled();
    await this.loop.stop();
  }

  /** An acknowledgement takes its time at this server. */
  private async merge(patch: Readonly<Record<string, unknown>>): Promise<SriovNetworkDevice> {
    this.statusWrites++;
    if (JSON.stringify(patch).includes("Configuring")) {
      this.acknowledged.resolve(undefined);
      await setImmediate();
    }
    const status = { ...this.device.status, ...(patch["status"] as object) };
    return { ...this.device, status };
  }
}

/** Nothing here takes longer than a few turns of the event loop. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await setImmediate();
}

describe("the loop of a NIC", () => {
  it("is not woken by its own report", async () => {
    const bench = new Bench(deviceObject({ numVFS: 0, generation: 2, countOwner: "person" }), physicalFunction());
    await bench.wake();
    expect([bench.reads, bench.statusWrites]).to.deep.equal([1, 1]);
  });

  it("looks once more whenever it is woken while a look ends", async () => {
    const bench = new Bench(deviceObject({ numVFS: 0, generation: 2, countOwner: "person" }), physicalFunction());
    await bench.look(0);
    const looks: number[] = [];
    for (let steps = 0; steps < 30; steps++) looks.push(await bench.look(steps));
    expect(new Set(looks)).to.deep.equal(new Set([2]));
    await bench.wake();
  });

  it("writes nothing where its report says the same", async () => {
    const first = new Bench(deviceObject({ numVFS: 0, generation: 2, countOwner: "person" }), physicalFunction());
    await first.wake();
    const second = new Bench(first.device, physicalFunction());
    await second.wake();
    expect([second.reads, second.statusWrites]).to.deep.equal([1, 0]);
  });

  it("is woken by somebody who declares the count that is there", async () => {
    const bench = new Bench(deviceObject({ numVFS: 0 }), physicalFunction());
    bench.change(bench.device);
    await settled();
    const { metadata } = deviceObject({ countOwner: "person" });
    bench.change({ ...bench.device, metadata });
    await settled();
    expect(bench.device.status?.conditions?.[0]?.reason).to.equal("Configured");
  });

  it("is woken by the controller's word of a conflict, and by its end, and reports that", async () => {
    const bench = new Bench(deviceObject({ numVFS: 0 }), physicalFunction());
    const conflict = () => bench.device.status?.conditions?.find(({ type }) => type === "PolicyConflict")?.message;
    const told: (string | undefined)[] = [];
    bench.change(bench.device);
    await settled();
    for (const annotations of [{ [Annotation.policyConflict]: "owned by pulumi" }, {}]) {
      bench.change({ ...bench.device, metadata: { ...bench.device.metadata, annotations } });
      await settled();
      told.push(conflict());
    }
    expect(told).to.deep.equal(["owned by pulumi", undefined]);
  });

  it("acknowledges a change that is done at once by its report alone", async () => {
    const bench = new Bench(deviceObject({ numVFS: 0, generation: 2, countOwner: "person" }), physicalFunction());
    bench.device = { ...bench.device, status: { observedGeneration: 1 } };
    await bench.wake();
    expect(bench.statusWrites).to.equal(1);
  });

  it("acknowledges a change that takes time before it is done, and then reports it", async () => {
    const bench = new Bench(deviceObject({ numVFS: 0, generation: 2, countOwner: "person" }), physicalFunction());
    bench.device = { ...bench.device, status: { observedGeneration: 1 } };
    bench.readable = bench.acknowledged.promise;
    const done = bench.wake();
    await bench.acknowledged.promise;
    await done;
    expect(bench.statusWrites).to.equal(2);
    expect(bench.device.status?.conditions?.[0]?.reason).to.equal("Configured");
  });
});
