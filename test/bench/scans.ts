import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { pino } from "pino";
import { KubeClient } from "../../kube/client.js";
import type { Lab } from "../../lab/lab.js";
import { SimulatedKernel } from "../../lab/nodes/simulated/client.js";
import { virtualFunctionAddress } from "../../lab/nodes/simulated/hardware.js";
import { Agent } from "../../reconciler/agent/agent.js";
import { noEvents } from "../../reconciler/service/events.js";
import { noMetrics } from "../../reconciler/agent/service/metrics.js";
import { kernelUsers } from "../kernel-users.js";
import type { Kernel } from "../../reconciler/kernel/kernel.js";
import { parsePciAddress } from "../../reconciler/kernel/kernel.js";
import { LinuxKernel } from "../../reconciler/kernel/linux/linux-kernel.js";
import { SysfsTree } from "../unit/kernel/sysfs-tree.js";
import { ChangeWatch } from "./change-watch.js";
import { type Figure, percentile } from "./figure.js";

const NICS = 8;
const VFS_EACH = 64;
const SCANS = 50;

/** One look at a node of 512 VFs: by the kernel interface on a tree of files, and by the whole agent on both. */
export async function benchScans(lab: Lab): Promise<readonly Figure[]> {
  const what = `scan of ${NICS} × ${VFS_EACH} VFs`;
  const p50 = (which: string, times: readonly number[]): Figure => ({
    what: `${what}, ${which}: p50 of ${times.length}`,
    value: percentile(times, 50),
    unit: "ms",
    target: 50,
  });
  const tree = treeOfFiles();
  try {
    const linux = new LinuxKernel({ sysRoot: tree.sysRoot, procRoot: tree.procRoot });
    const files = await timed(() => linux.scan());
    return [p50("kernel interface on files", files), p50("whole agent, simulated kernel", await agentScans(lab))];
  } finally {
    tree.remove();
  }
}

/** As sysfs has it, on the disk: a look at it costs what a look at sysfs costs, or more. */
function treeOfFiles(): SysfsTree {
  const tree = new SysfsTree();
  tree.file("/proc/net/route", "Iface\tDestination\tGateway\tFlags");
  for (let nic = 0; nic < NICS; nic++) {
    const address = addressOf(nic);
    tree.nic(address);
    tree.interface(address, `nic${nic}`);
    for (let index = 0; index < VFS_EACH; index++) {
      const vf = virtualFunctionAddress(parsePciAddress(address), index, 128, 2);
      tree.virtualFunction(address, index, vf);
      tree.interface(vf, `nic${nic}v${index}`, { mtu: "1500", type: "1" });
    }
  }
  return tree;
}

/** An agent in this process, whose scan can be awaited: it reads the hardware and compares it with the objects. */
async function agentScans(lab: Lab): Promise<number[]> {
  const name = "bench-scan";
  const nics = Array.from({ length: NICS }, (_, index) => ({
    address: addressOf(index),
    interfaces: [{ name: `nic${index}` }],
    totalVfs: VFS_EACH,
  }));
  await lab.addSimulatedNode(name, { agent: false, spec: { nics } });
  const client = KubeClient.open({ kubeconfig: join(lab.run.dir, `${name}.kubeconfig`) });
  const kernel = new SimulatedKernel(join(lab.run.dir, `${name}.sock`));
  const agent = agentOn(kernel, client, name);
  try {
    await agent.start();
    const watch = await ChangeWatch.open(lab);
    for (const { interfaces } of nics) await watch.change(`${name}-${interfaces[0]?.name ?? ""}`, VFS_EACH);
    await watch.close();
    // Every NIC's own pass is part of it.
    return await timed(() => agent.scan().then(() => agent.passed()));
  } finally {
    await agent.stop();
    client.close();
    kernel.close();
  }
}

function agentOn(kernel: Kernel, client: KubeClient, nodeName: string): Agent {
  const log = pino({ level: "silent" });
  const parts = { client, kernel, log, users: kernelUsers, events: noEvents, metrics: noMetrics };
  return new Agent(parts, {
    nodeName,
    scanIntervalMs: 3_600_000,
    writeDeadlineMs: 120_000,
    settleDeadlineMs: 10_000,
    managementInterfaces: [],
  });
}

async function timed(look: () => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  for (let index = -WARM_UP; index < SCANS; index++) {
    const began = performance.now();
    await look();
    if (index >= 0) times.push(performance.now() - began);
    await setTimeout(5);
  }
  return times;
}

const WARM_UP = 5;

function addressOf(nic: number): string {
  return `0000:${(4 * nic + 1).toString(16).padStart(2, "0")}:00.0`;
}
