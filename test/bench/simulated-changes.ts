import { setTimeout } from "node:timers/promises";
import { SRIOV_NETWORK_DEVICE } from "../../api/sriov-network-device.js";
import type { Lab } from "../../lab/lab.js";
import { defaultHardware } from "../../lab/nodes/simulated/hardware.js";
import { ChangeWatch } from "./change-watch.js";
import { cpuTimes } from "./cpu-times.js";
import { type Figure, figuresOf, percentile } from "./figure.js";

/**
 * How long the agent takes to give a NIC its VFs: from a `numVFS` that is sent as kubectl sends it, until a watcher has
 * seen `Ready` for that generation and every VF's PCIDevice with its status. The simulated kernel's writes take no time,
 * so all of it is overhead: the API server's share is told by the base, the same request seen by the same watcher where
 * no agent acts on it.
 */
export async function benchSimulatedChanges(lab: Lab): Promise<readonly Figure[]> {
  const { run } = lab;
  await lab.addSimulatedNode("bench", { spec: defaultHardware({ totalVfs: 64 }) });
  const watch = await openWithBase(lab);
  try {
    await changes(watch, WARM_UP, FEW);
    const cpuBefore = cpuTimes(run);
    const few = await changes(watch, 200, FEW);
    const cpu = cpuTimes(run);
    const cpuPerChange = (name: string): number => ((cpu.get(name) ?? 0) - (cpuBefore.get(name) ?? 0)) / few.length;
    const many = await changes(watch, 20, MANY);
    const total = few.map((change) => change.ms);
    const base = few.map((change) => change.baseMs);
    const ofKind = (series: readonly Change[], kind: string): number[] =>
      series.filter((change) => change.kind === kind).map((change) => change.ms);
    return [
      ...figuresOf("simulated: patch to Ready with 4 or 6 PCIDevices", total, {
        p50: { target: 10, peer: "22 s" },
        p99: { target: 100 },
      }),
      ...[...new Set(few.map((change) => change.kind))].map((kind) => p50(`  ${kind}`, ofKind(few, kind))),
      p50("  base: a number patched and seen", base),
      { what: "  change, in base round trips (p50)", value: percentile(total, 50) / percentile(base, 50), unit: "×" },
      { what: "  processor time of the agent, a change", value: cpuPerChange("bench-agent"), unit: "ms" },
      { what: "  processor time of the API server, a change", value: cpuPerChange("kube-apiserver"), unit: "ms" },
      ...["0 → 64", "64 → 0"].map((kind) => p50(`  ${kind}`, ofKind(many, kind))),
    ];
  } finally {
    await watch.close();
  }
}

function p50(what: string, times: readonly number[]): Figure {
  return { what: `${what}: p50 of ${times.length}`, value: percentile(times, 50), unit: "ms" };
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

async function openWithBase(lab: Lab): Promise<ChangeWatch> {
  const base = { metadata: { name: BASE }, spec: { nodeName: "nobody", address: "0000:01:00.0", numVFS: 0 } };
  await lab.client.create(SRIOV_NETWORK_DEVICE, base, { fieldManager: "pulumi-sriov-bench" });
  return ChangeWatch.open(lab);
}

async function changes(watch: ChangeWatch, count: number, counts: readonly number[]): Promise<Change[]> {
  const done: Change[] = [];
  const until = performance.now() + BUDGET_MS;
  for (let index = 0; index < count && performance.now() < until; index++) {
    const to = counts[index % counts.length] ?? 0;
    const from = watch.devices.get(DEVICE)?.status?.vfAddresses?.length ?? 0;
    const ms = await watch.change(DEVICE, to);
    await setTimeout(REST_MS);
    const other = watch.devices.get(BASE)?.spec.numVFS === 1 ? 0 : 1;
    const baseMs = await watch.timed(BASE, other, () => true);
    await setTimeout(REST_MS);
    done.push({ kind: `${from} → ${to}`, ms, baseMs });
  }
  return done;
}

const DEVICE = "bench-eno49";
/** An object of the same kind whose node has no agent. */
const BASE = "base";
/** A series that takes longer ends with fewer changes; the figures say how many there were. */
const BUDGET_MS = 25_000;
