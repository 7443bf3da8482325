import { expect } from "chai";
import { setImmediate } from "node:timers/promises";
import { pino } from "pino";
import type { Event } from "../../../api/event.js";
import { SRIOV_NETWORK_DEVICE } from "../../../api/sriov-network-device.js";
import type { KubeClient } from "../../../kube/client.js";
import { ApiError, ConnectionError } from "../../../kube/errors.js";
import { ClusterEvents } from "../../../reconciler/service/cluster-events.js";
import type { ObjectEvent } from "../../../reconciler/service/events.js";
import { deviceObject } from "../agent/nic.js";

const DRIFT: ObjectEvent = { type: "Warning", reason: "Drift", message: "it has 2 VFs, not 4" };
const MINUTE = 60_000;

/** A recorder whose API server keeps what it is sent, and whose clock stands still. */
class Bench {
  readonly created: Event[] = [];
  readonly patched: { readonly name: string; readonly patch: unknown }[] = [];
  readonly logged: string[] = [];
  now = Date.parse("2020-01-01T00:00:00Z");
  /** What the next requests are answered with; then they succeed. */
  readonly failures: Error[] = [];
  /** While set, requests take until this resolves. */
  hanging: Promise<unknown> | undefined;
  readonly events = new ClusterEvents({
    client: {
      create: async (_type, event) => {
        await this.answer();
        this.created.push(event as unknown as Event);
        return event;
      },
      merge: (async (_type, name, patch) => {
        await this.answer();
        this.patched.push({ name, patch });
        return {};
      }) as KubeClient["merge"],
    },
    log: pino({}, { write: (line: string) => void this.logged.push(line) }),
    component: "pulumi-sriov-agent",
    host: "node1",
    now: () => this.now,
    retryMs: 1,
  });

  record(event: ObjectEvent = DRIFT): void {
    this.events.record(SRIOV_NETWORK_DEVICE, deviceObject(), event);
  }

  async recorded(event?: ObjectEvent): Promise<void> {
    this.record(event);
    await settled();
  }

  private async answer(): Promise<void> {
    await this.hanging;
    const failure = this.failures.shift();
    if (failure !== undefined) throw failure;
  }
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await setImmediate();
}

const forbidden = (): Error => new ApiError("not allowed: events is forbidden", 403, {});
const notFound = (): Error => new ApiError("no such event", 404, {});
const unreachable = (): Error => new ConnectionError("cannot reach the API server", "ECONNREFUSED");

describe("the recorder of events", () => {
  it("says what, about whom and by whom", async () => {
    const bench = new Bench();
    await bench.recorded();
    expect(bench.created[0]).to.deep.include({
      type: "Warning",
      reason: "Drift",
      message: "it has 2 VFs, not 4",
      source: { component: "pulumi-sriov-agent", host: "node1" },
      reportingComponent: "pulumi-sriov-agent",
      lastTimestamp: "2020-01-01T00:00:00Z",
      count: 1,
    });
    expect(bench.created[0]?.involvedObject).to.include({ kind: "SriovNetworkDevice", name: "node1-eno49" });
  });

  it("puts events about objects without a namespace into the namespace default", async () => {
    const bench = new Bench();
    await bench.recorded();
    expect(bench.created[0]?.metadata.namespace).to.equal("default");
  });

  it("raises the count of an event that comes again within ten minutes", async () => {
    const bench = new Bench();
    await bench.recorded();
    bench.now += 9 * MINUTE;
    await bench.recorded();
    const patch = { count: 2, lastTimestamp: "2020-01-01T00:09:00Z" };
    expect(bench.patched).to.deep.equal([{ name: bench.created[0]?.metadata.name, patch }]);
  });

  it("makes another event after ten minutes", async () => {
    const bench = new Bench();
    await bench.recorded();
    bench.now += 10 * MINUTE;
    await bench.recorded();
    expect(bench.created.map(({ count }) => count)).to.deep.equal([1, 1]);
  });

  it("makes another event where the message is another", async () => {
    const bench = new Bench();
    await bench.recorded();
    await bench.recorded({ ...DRIFT, message: "it has 3 VFs, not 4" });
    expect(bench.created).to.have.length(2);
  });

  it("sends one request for all of the same that came while the API server was busy", async () => {
    const bench = new Bench();
    const { promise, resolve } = Promise.withResolvers<undefined>();
    bench.hanging = promise;
    for (let times = 0; times < 5; times++) bench.record();
    resolve(undefined);
    await settled();
    expect([bench.created.length, bench.patched.map(({ patch }) => (patch as Event).count)]).to.deep.equal([1, [5]]);
  });

  it("makes the event anew where it has expired in the cluster", async () => {
    const bench = new Bench();
    await bench.recorded();
    bench.failures.push(notFound());
    await bench.recorded();
    expect(bench.created.map(({ count }) => count)).to.deep.equal([1, 2]);
  });

  it("tells once that it may not write events", async () => {
    const bench = new Bench();
    bench.failures.push(forbidden(), forbidden());
    await bench.recorded();
    bench.now += 11 * MINUTE;
    await bench.recorded();
    expect(bench.logged).to.have.length(1);
    expect(bench.logged[0]).to.include("events is forbidden");
  });

  it("asks for nothing for ten minutes where it may not write events", async () => {
    const bench = new Bench();
    bench.failures.push(forbidden());
    await bench.recorded();
    bench.now += 9 * MINUTE;
    await bench.recorded();
    expect(bench.created).to.be.empty;
    bench.now += 2 * MINUTE;
    await bench.recorded();
    expect(bench.created).to.have.length(1);
  });

  it("keeps events, in order, for an API server that is away", async () => {
    const bench = new Bench();
    bench.failures.push(unreachable());
    bench.record();
    bench.record({ ...DRIFT, message: "second" });
    await bench.events.close(1_000);
    expect(bench.created.map(({ message }) => message)).to.deep.equal(["it has 2 VFs, not 4", "second"]);
  });

  it("keeps no more than a hundred", async () => {
    const bench = new Bench();
    bench.failures.push(unreachable());
    for (let index = 0; index < 500; index++) bench.record({ ...DRIFT, message: String(index) });
    await bench.events.close(1_000);
    expect(bench.created.length).to.be.within(100, 101);
  });

  it("goes on after an event that the API server does not take", async () => {
    const bench = new Bench();
    bench.failures.push(new ApiError("422: invalid", 422, {}));
    await bench.recorded();
    await bench.recorded({ ...DRIFT, message: "second" });
    expect(bench.created.map(({ message }) => message)).to.deep.equal(["second"]);
  });

  it("ends in time though the API server does not answer", async () => {
    const bench = new Bench();
    for (let times = 0; times < 100; times++) bench.failures.push(unreachable());
    bench.record();
    await bench.events.close(5);
    expect(bench.created).to.be.empty;
  });
});
