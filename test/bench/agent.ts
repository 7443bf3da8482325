import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { pino } from "pino";
import { Label, pciDeviceName } from "../../api/names.js";
import { PCI_DEVICE, type PciDevice } from "../../api/pci-device.js";
import { readyCondition, SRIOV_NETWORK_DEVICE, type SriovNetworkDevice } from "../../api/sriov-network-device.js";
import { KubeClient } from "../../kube/client.js";
import { Informer } from "../../kube/informer.js";
import { type Lab, startLab } from "../../lab/lab.js";
import { SimulatedKernel } from "../../lab/nodes/simulated/client.js";
import { defaultHardware } from "../../lab/nodes/simulated/hardware.js";
import type { LabRun } from "../../lab/processes/lab-run.js";
import { Agent } from "../../reconciler/agent/agent.js";
import { noEvents } from "../../reconciler/agent/service/events.js";
import { noMetrics } from "../../reconciler/agent/service/metrics.js";
import { kernelUsers } from "../../reconciler/agent/usage/vf-users.js";
import { cpuTimes } from "./cpu-times.js";
import { type Figure, figuresOf, percentile } from "./figure.js";

/**
 * How long the agent takes to give a NIC its VFs: from a `numVFS` that is sent as kubectl sends it, until a watcher has
 * seen `Ready` for that generation and every VF's PCIDevice with its status. The simulated kernel's writes take no time,
 * so all of it is overhead: the API server's share is told by the base, the same request seen by the same watcher where
 * no agent acts on it.
 */
export async function benchAgent(run: LabRun): Promise<readonly Figure[]> {
  const lab = await startLab(run);
  const spec = defaultHardware({ totalVfs: 64 });
  await lab.addSimulatedNode("bench", { spec });
  const bench = await Bench.open(lab);
  try {
    await bench.changes(WARM_UP, FEW);
    const cpuBefore = cpuTimes(run);
    const few = await bench.changes(200, FEW);
    const cpu = cpuTimes(run);
    const cpuPerChange = (name: string): number => ((cpu.get(name) ?? 0) - (cpuBefore.get(name) ?? 0)) / few.length;
    const many = await bench.changes(20, MANY);
    const scans = await timeScans(lab, 200);
    const total = few.map((change) => change.ms);
    const base = few.map((change) => change.baseMs);
    return [
      ...figuresOf("change of 4 or 6 VFs", total, { p50: 10 }),
      ...[...new Set(few.map((change) => change.kind))].flatMap((kind) =>
        figuresOf(
          `  ${kind}`,
          few.filter((change) => change.kind === kind).map((change) => change.ms),
        ),
      ),
      ...figuresOf("base: a number patched and seen", base),
      { what: "change, in base round trips (p50)", value: percentile(total, 50) / percentile(base, 50), unit: "×" },
      { what: "processor time of the agent, a change", value: cpuPerChange("bench-agent"), unit: "ms" },
      { what: "processor time of the API server, a change", value: cpuPerChange("kube-apiserver"), unit: "ms" },
      ...["0 → 64", "64 → 0"].flatMap((kind) =>
        figuresOf(
          `change ${kind}`,
          many.filter((change) => change.kind === kind).map((change) => change.ms),
        ),
      ),
      ...figuresOf("scan of 2 NICs that finds nothing new", scans),
    ];
  } finally {
    await bench.close();
  }
}

/** Counts that a NIC is given one after the other, again and again. */
const FEW = [4, 0, 4, 6, 0];
const MANY = [64, 0];
const WARM_UP = 20;
/** Between changes, so that each finds an agent at rest. */
const REST_MS = 15;

interface Change {
  /** `0 → 4` */
  readonly kind: string;
  readonly ms: number;
  readonly baseMs: number;
}

class Bench {
  private numVfs = 0;

  private constructor(
    private readonly client: KubeClient,
    private readonly devices: Informer<SriovNetworkDevice>,
    private readonly pciDevices: Informer<PciDevice>,
  ) {}

  static async open(lab: Lab): Promise<Bench> {
    const base = { metadata: { name: BASE }, spec: { nodeName: "nobody", address: "0000:01:00.0", numVFS: 0 } };
    await lab.client.create(SRIOV_NETWORK_DEVICE, base, { fieldManager: FIELD_MANAGER });
    const devices = new Informer(lab.client, SRIOV_NETWORK_DEVICE).start();
    const pciDevices = new Informer(lab.client, PCI_DEVICE, { labels: { [Label.parentDevice]: DEVICE } }).start();
    await Promise.all([devices.synced, pciDevices.synced]);
    return new Bench(KubeClient.open({ kubeconfig: lab.controlPlane.kubeconfig }, "kubectl"), devices, pciDevices);
  }

  async close(): Promise<void> {
    this.client.close();
    await Promise.all([this.devices.stop(), this.pciDevices.stop()]);
  }

  async changes(count: number, counts: readonly number[]): Promise<Change[]> {
    const changes: Change[] = [];
    const until = performance.now() + BUDGET_MS;
    for (let index = 0; index < count && performance.now() < until; index++) {
      const to = counts[index % counts.length] ?? 0;
      const kind = `${this.numVfs} → ${to}`;
      const ms = await this.timed(DEVICE, to, (device) => this.isComplete(device, to));
      this.numVfs = to;
      await setTimeout(REST_MS);
      const baseMs = await this.timed(BASE, index % 2 === 0 ? 1 : 0, () => true);
      await setTimeout(REST_MS);
      changes.push({ kind, ms, baseMs });
    }
    return changes;
  }

  /** Milliseconds from the request that sets the number until `isDone` holds for the generation that it made. */
  private async timed(name: string, numVFS: number, isDone: (device: SriovNetworkDevice) => boolean): Promise<number> {
    const before = this.devices.get(name)?.metadata.generation ?? 1;
    const { promise: done, resolve } = Promise.withResolvers<number>();
    const look = (): void => {
      const device = this.devices.get(name);
      if (device !== undefined && (device.metadata.generation ?? 1) > before && isDone(device))
        resolve(performance.now());
    };
    const unsubscribe = [this.devices, this.pciDevices].map((informer) => informer.onChange(look));
    const began = performance.now();
    await this.client.merge(SRIOV_NETWORK_DEVICE, name, { spec: { numVFS } }, { fieldManager: "kubectl-patch" });
    const late = new AbortController();
    const ended = await Promise.race([done, setTimeout(DEADLINE_MS, undefined, { signal: late.signal })]);
    late.abort();
    for (const stop of unsubscribe) stop();
    if (ended === undefined)
      throw new Error(`${name} was not done ${DEADLINE_MS / 1_000} s after it was set to ${numVFS}`);
    return ended - began;
  }

  private isComplete(device: SriovNetworkDevice, numVfs: number): boolean {
    const ready = readyCondition(device);
    if (ready?.status !== "True" || ready.observedGeneration !== device.metadata.generation) return false;
    const addresses = device.status?.vfAddresses ?? [];
    const present = this.pciDevices.list();
    return (
      addresses.length === numVfs &&
      present.length === numVfs &&
      addresses.every((address) =>
        present.some(
          (object) => object.metadata.name === pciDeviceName(NODE_NAME, address) && object.status?.address === address,
        ),
      )
    );
  }
}

/** An agent in this process, whose scan can be awaited: it reads the hardware and compares it with the objects. */
async function timeScans(lab: Lab, count: number): Promise<number[]> {
  const name = "bench-scan";
  await lab.addSimulatedNode(name, { agent: false });
  const client = KubeClient.open({ kubeconfig: join(lab.run.dir, `${name}.kubeconfig`) });
  const kernel = new SimulatedKernel(join(lab.run.dir, `${name}.sock`));
  const agent = new Agent(
    { client, kernel, log: pino({ level: "silent" }), users: kernelUsers, events: noEvents, metrics: noMetrics },
    {
      nodeName: name,
      scanIntervalMs: 30_000,
      writeDeadlineMs: 120_000,
      settleDeadlineMs: 10_000,
      managementInterfaces: [],
    },
  );
  try {
    await agent.start();
    await setTimeout(1_000);
    const times: number[] = [];
    while (times.length < count) {
      const began = performance.now();
      await agent.scan();
      times.push(performance.now() - began);
      await setTimeout(5);
    }
    return times;
  } finally {
    await agent.stop();
    client.close();
    kernel.close();
  }
}

const NODE_NAME = "bench";
const DEVICE = "bench-eno49";
/** An object of the same kind whose node has no agent. */
const BASE = "base";
const FIELD_MANAGER = "pulumi-sriov-bench";
const DEADLINE_MS = 10_000;
/** A series that takes longer ends with fewer changes; the figures say how many there were. */
const BUDGET_MS = 25_000;
