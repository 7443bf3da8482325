import { RECONCILER_NAMESPACE } from "../../api/names.js";
import { NODE } from "../../api/core.js";
import { readyCondition, SRIOV_NETWORK_DEVICE, type SriovNetworkDevice } from "../../api/sriov-network-device.js";
import { SRIOV_NETWORK_NODE_POLICY } from "../../api/sriov-network-node-policy.js";
import { Informer } from "../../kube/informer.js";
import { waitFor } from "../../kube/wait.js";
import type { Lab } from "../../lab/lab.js";
import { defaultHardware, type HardwareSpec } from "../../lab/nodes/simulated/hardware.js";
import { type Figure, percentile } from "./figure.js";
import { withLab } from "./lab-of-its-own.js";

/**
 * How long a node that joins takes until its NICs are as an existing policy wants them: from the start of its agent's
 * process, until a watcher has seen both NICs `Ready` with their VFs. Nobody does anything meanwhile. The base is a node of
 * the same hardware that the policy does not select: what of it is the agent's start and its first look.
 */
export function benchJoin(progress: (line: string) => void): Promise<readonly Figure[]> {
  return withLab(false, async (lab) => {
    await lab.startController();
    await lab.client.create(SRIOV_NETWORK_NODE_POLICY, policy, { fieldManager: "pulumi-sriov-bench" });
    progress(`${WARM_UP + JOINS} nodes join, and as many beside that no policy selects …`);
    const devices = new Informer(lab.client, SRIOV_NETWORK_DEVICE).start();
    await devices.synced;
    const [joins, bases]: [number[], number[]] = [[], []];
    try {
      for (let index = -WARM_UP; index < JOINS; index++) {
        const round = index + WARM_UP;
        const base = await join(lab, devices, `other-${round}`, others, isReady("Unmanaged", 0));
        const ms = await join(lab, devices, `join-${round}`, defaultHardware(), isReady("Configured", VFS));
        if (index < 0) continue;
        bases.push(base);
        joins.push(ms);
      }
    } finally {
      await devices.stop();
    }
    const beyond = joins.map((ms, index) => ms - (bases[index] ?? 0));
    return [
      { what: `a node joins: agent's start to both NICs Ready, p50 of ${JOINS}`, ...ms(percentile(joins, 50)) },
      { what: "  the slowest", ...ms(Math.max(...joins)) },
      { what: "  base: to both NICs reported, where no policy selects them, p50", ...ms(percentile(bases, 50)) },
      { what: "  by the policy: beyond the base, p50", ...ms(percentile(beyond, 50)) },
      { what: "  join, in bases (p50)", value: percentile(joins, 50) / percentile(bases, 50), unit: "×" },
    ];
  });
}

const JOINS = 10;
const WARM_UP = 1;
const VFS = 4;

const policy = {
  metadata: { name: "storage", namespace: RECONCILER_NAMESPACE },
  spec: {
    resourceName: "storage",
    nodeSelector: { "feature.node.kubernetes.io/network-sriov.capable": "true" },
    nicSelector: { pfNames: ["eno49", "eno50"] },
    numVfs: VFS,
  },
};

/** The same NICs under names that the policy does not have. */
const others: HardwareSpec = {
  nics: defaultHardware().nics.map((nic, index) => ({ ...nic, interfaces: [{ name: `other${index}` }] })),
};

function ms(value: number): Pick<Figure, "value" | "unit"> {
  return { value, unit: "ms" };
}

function isReady(reason: string, vfs: number) {
  return (device: SriovNetworkDevice): boolean => {
    const { status, metadata } = device;
    const ready = readyCondition(device);
    const isCurrent = status?.observedGeneration === metadata.generation;
    return isCurrent && ready?.reason === reason && status?.vfAddresses?.length === vfs;
  };
}

/** Milliseconds from the start of the node's agent until each of its NICs is as wanted. Nothing of the node is left. */
async function join(
  lab: Lab,
  devices: Informer<SriovNetworkDevice>,
  name: string,
  spec: HardwareSpec,
  isDone: (device: SriovNetworkDevice) => boolean,
): Promise<number> {
  const node = await lab.addSimulatedNode(name, { spec, agent: false });
  const began = performance.now();
  await node.startAgent();
  await waitFor(
    devices,
    () => {
      const done = devices.list().filter((device) => device.spec.nodeName === name && isDone(device));
      if (done.length === spec.nics.length) return { state: "satisfied", result: undefined };
      return { state: "pending", what: `${done.length} NICs of ${name} are done` };
    },
    { deadline: Date.now() + DEADLINE_MS },
  );
  const took = performance.now() - began;
  await node.stopAgent("SIGTERM");
  await lab.client.delete(NODE, name);
  return took;
}

const DEADLINE_MS = 30_000;
