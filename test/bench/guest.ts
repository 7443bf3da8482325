import { Label } from "../../api/names.js";
import { SRIOV_NETWORK_DEVICE } from "../../api/sriov-network-device.js";
import type { Lab } from "../../lab/lab.js";
import type { RealNode } from "../../lab/nodes/real-node.js";
import { ChangeWatch } from "./change-watch.js";
import { type Figure, percentile } from "./figure.js";

/** The guest's two NICs. The agent has none of the second until somebody declares a count for it. */
const FIRST = { address: "0000:01:00.0", interfaceName: "enp1s0" };
const SECOND = { address: "0000:02:00.0", interfaceName: "enp2s0" };

const STARTS = 3;
const ROUNDS = 6;
const VFS = 4;

/** A new agent on a node where none ever was, and then again without its objects. The node's agent runs afterwards. */
export async function benchGuestStart(lab: Lab, node: RealNode): Promise<readonly Figure[]> {
  const watch = await ChangeWatch.open(lab);
  const seconds: number[] = [];
  try {
    for (let start = 0; start < STARTS; start++) {
      await node.stopAgent("SIGTERM");
      await removeObjects(lab, node, watch);
      seconds.push(await secondsToObjects(node, watch));
    }
  } finally {
    await watch.close();
  }
  await lab.awaitReport(node);
  const what = `guest: process start to both NIC objects, worst of ${STARTS}`;
  return [{ what, value: Math.max(...seconds), unit: "s", target: 2, peer: "10.8 s" }];
}

async function removeObjects(lab: Lab, node: RealNode, watch: ChangeWatch): Promise<void> {
  const names = [FIRST, SECOND].map(({ interfaceName }) => `${node.name}-${interfaceName}`);
  for (const name of names) if (watch.devices.get(name)) await lab.client.delete(SRIOV_NETWORK_DEVICE, name);
  await until(watch, () => names.every((name) => watch.devices.get(name) === undefined));
}

/** Counted from the request to start the process, which is a shell's time more than its start. */
async function secondsToObjects(node: RealNode, watch: ChangeWatch): Promise<number> {
  const began = performance.now();
  const started = node.startAgent();
  const ours = () => watch.devices.list().filter(({ metadata }) => metadata.labels?.[Label.nodeName] === node.name);
  await until(watch, () => ours().length === 2);
  const seconds = (performance.now() - began) / 1_000;
  await started;
  return seconds;
}

function until({ devices }: ChangeWatch, isSo: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (!isSo()) return;
      unsubscribe();
      resolve();
    };
    const unsubscribe = devices.onChange(look);
    look();
  });
}

/** Changes through the agent, each beside the same change by hand on the other NIC, which nobody has declared. */
export async function benchGuestChanges(lab: Lab, node: RealNode): Promise<readonly Figure[]> {
  const watch = await ChangeWatch.open(lab);
  const device = `${node.name}-${FIRST.interfaceName}`;
  const times = { up: { agent: [] as number[], bare: [] as number[] }, down: { agent: [], bare: [] } as Series };
  try {
    for (let round = 0; round < ROUNDS; round++) {
      for (const [{ agent, bare }, count] of [
        [times.up, VFS],
        [times.down, 0],
      ] as const) {
        bare.push(await writeByHand(node, count));
        agent.push(await watch.change(device, count));
      }
    }
  } finally {
    await watch.close();
  }
  const beyond = (series: Series): number => percentile(series.agent, 50) - percentile(series.bare, 50);
  const figures = (what: string, series: Series, peer: string): Figure[] => [
    {
      what: `guest: ${what} beyond the bare write, p50 of ${ROUNDS}`,
      value: beyond(series),
      unit: "ms",
      target: 80,
      peer,
    },
    { what: "  the bare write: p50", value: percentile(series.bare, 50), unit: "ms" },
  ];
  return [
    ...figures(`patch 0 → ${VFS} to Ready with PCIDevices`, times.up, "22 s"),
    ...figures(`patch ${VFS} → 0 to Ready without them`, times.down, "13 s"),
  ];
}

interface Series {
  readonly agent: number[];
  readonly bare: number[];
}

/** Milliseconds in the guest's own clock, without those of any process. */
async function writeByHand(node: RealNode, count: number): Promise<number> {
  const file = `/sys/bus/pci/devices/${SECOND.address}/sriov_numvfs`;
  const program = `const began = performance.now();
require("node:fs").writeFileSync("${file}", "${count}");
console.log(performance.now() - began);`;
  const { code, stdout, stderr } = await node.guest.exec(`node -e '${program}'`);
  if (code !== 0) throw new Error(`${node.name}: the bare write of ${count} failed: ${stderr}`);
  return Number(stdout);
}

/** The agent's part of a reboot: the node is up, its NIC has no VFs, and the object asks for some. */
export async function benchGuestReboot(lab: Lab, node: RealNode): Promise<readonly Figure[]> {
  const watch = await ChangeWatch.open(lab);
  await watch.change(`${node.name}-${FIRST.interfaceName}`, VFS);
  await watch.close();
  await node.guest.reset();
  const began = performance.now();
  await node.startAgent();
  const file = `/sys/bus/pci/devices/${FIRST.address}/virtfn${VFS - 1}/driver`;
  const { code, stderr } = await node.guest.exec(`until [ -e ${file} ]; do usleep 50000; done`);
  if (code !== 0) throw new Error(`${node.name}: the VFs did not come back: ${stderr}`);
  const seconds = (performance.now() - began) / 1_000;
  await lab.awaitReport(node);
  return [{ what: "guest: reboot, process start to VFs back", value: seconds, unit: "s", target: 3, peer: "7.8–10 s" }];
}
