import { PCI_DEVICE } from "../../api/pci-device.js";
import { SRIOV_NETWORK_DEVICE, type SriovNetworkDevice } from "../../api/sriov-network-device.js";
import { Informer } from "../../kube/informer.js";
import { waitFor } from "../../kube/wait.js";
import { findEngine } from "../engine/executable.js";
import { type Lab, startLab } from "../lab.js";
import { addNode, type NodeKind } from "../node-kind.js";
import type { LabNode } from "../nodes/lab-node.js";
import { beginRun } from "../processes/lab-run.js";
import { table } from "../table.js";
import { inLab, step } from "./narration.js";
import { type DemoStack, openDemoStack, rootProject } from "./stack.js";

export interface DemoOptions {
  readonly nodeKind: Exclude<NodeKind, "kubelet">;
  /** Leave the lab up at the end, or where a step failed. */
  readonly keep: boolean;
}

/**
 * The main job from end to end, on a lab of its own: every step is what a person would type and see, and is checked
 * against the node's own kernel. Throws at the first step that is not as it should be.
 */
export async function demo({ nodeKind, keep }: DemoOptions): Promise<void> {
  const log = (line: string): void => console.log(line);
  const run = await beginRun({ label: "demo", log });
  run.stopOnSignals();
  try {
    const engine = await findEngine(run);
    log(engine.describe);
    const lab = await startLab(run, { log });
    log(`API server: ${lab.controlPlane.server}`);
    const stack = await openDemoStack(lab, engine, rootProject);
    await inLab(lab, stack, keep, async () => {
      const nodes = await addNodes(lab, nodeKind);
      const device = await showDiscovered(lab, nodes);
      await firstVfs(lab, stack, nodes, device);
      await anotherCount(lab, stack, nodes, device);
      await somebodyElse(lab, stack, nodes, device);
      await takeDown(lab, stack, nodes, device);
    });
  } finally {
    if (!keep) {
      log("\nStopping the lab …");
      await run.stop();
    }
  }
}

const inWords: Readonly<Record<DemoOptions["nodeKind"], string>> = {
  simulated: "simulated kernels",
  qemu: "real Linux kernels in QEMU",
};

async function addNodes(lab: Lab, kind: DemoOptions["nodeKind"]): Promise<LabNode[]> {
  const names = ["node1", "node2"];
  step(`Two nodes with ${inWords[kind]} join; their agents look for NICs.`);
  return Promise.all(names.map((name) => addNode(lab, name, kind)));
}

async function showDiscovered(lab: Lab, nodes: readonly LabNode[]): Promise<SriovNetworkDevice> {
  const { items } = await lab.client.list(SRIOV_NETWORK_DEVICE);
  console.log(
    "\n" +
      table(
        items.map((item) => ({
          name: item.metadata.name,
          node: item.spec.nodeName,
          interface: item.status?.interfaceName ?? "",
          address: item.spec.address,
          vfs: item.spec.numVFS ?? 0,
          max: item.status?.totalVFs ?? 0,
          driver: item.status?.driver ?? "",
        })),
      ),
  );
  if (items.length !== 2 * nodes.length) throw new Error(`${items.length} NICs were discovered, not two a node`);
  const [device] = items;
  if (device === undefined) throw new Error("no NIC was discovered");
  return device;
}

async function firstVfs(
  lab: Lab,
  stack: DemoStack,
  nodes: readonly LabNode[],
  device: SriovNetworkDevice,
): Promise<void> {
  step(`examples/quickstart asks for 4 VFs on ${device.metadata.name}.`);
  await stack.config("node", device.spec.nodeName);
  await stack.config("interface", device.status?.interfaceName ?? "");
  await previewAndApply(lab, stack, nodes, device, 4);
}

async function anotherCount(
  lab: Lab,
  stack: DemoStack,
  nodes: readonly LabNode[],
  device: SriovNetworkDevice,
): Promise<void> {
  step("From 4 to 6: Linux can't add two, so the preview says which VFs go.");
  await previewAndApply(lab, stack, nodes, device, 6);
}

async function previewAndApply(
  lab: Lab,
  stack: DemoStack,
  nodes: readonly LabNode[],
  device: SriovNetworkDevice,
  numVfs: number,
): Promise<void> {
  await stack.config("numVfs", String(numVfs));
  await stack.pulumi("preview");
  await stack.pulumi("up", ["--yes", "--skip-preview"]);
  await showVfs(lab, nodes, device, numVfs);
}

async function somebodyElse(
  lab: Lab,
  stack: DemoStack,
  nodes: readonly LabNode[],
  device: SriovNetworkDevice,
): Promise<void> {
  step("Somebody edits the count by hand.");
  const { name } = device.metadata;
  console.log(`$ kubectl edit sriovnetworkdevice ${name}   # spec.numVFS: 3`);
  await lab.client.merge(SRIOV_NETWORK_DEVICE, name, { spec: { numVFS: 3 } }, { fieldManager: "kubectl-edit" });
  await awaitReady(lab, name, 3);
  step("refresh sees it; up does not fight over it, and says whose it is.");
  await stack.pulumi("refresh", ["--yes", "--skip-preview"]);
  await stack.pulumi("up", ["--yes", "--skip-preview"], "failure");
  step("forceConflicts takes the number back.");
  await stack.config("forceConflicts", "true");
  await stack.pulumi("up", ["--yes", "--skip-preview"]);
  await showVfs(lab, nodes, device, 6);
}

async function takeDown(
  lab: Lab,
  stack: DemoStack,
  nodes: readonly LabNode[],
  device: SriovNetworkDevice,
): Promise<void> {
  step("destroy gives the count back; the NIC's object stays.");
  await stack.pulumi("destroy", ["--yes", "--skip-preview"]);
  await showVfs(lab, nodes, device, 0);
}

/** The kernel's word first, then the cluster's. */
async function showVfs(
  lab: Lab,
  nodes: readonly LabNode[],
  device: SriovNetworkDevice,
  expected: number,
): Promise<void> {
  const node = nodes.find((candidate) => candidate.name === device.spec.nodeName);
  const count = await node?.numVfs(device.spec.address);
  console.log(`\n${device.spec.nodeName}'s kernel: ${device.spec.address} has sriov_numvfs ${count ?? "?"}`);
  if (count !== expected)
    throw new Error(`${device.metadata.name} has ${count ?? "no"} VFs in the kernel, not ${expected}`);
  const { items } = await lab.client.list(PCI_DEVICE);
  const rows = items.map((item) => ({
    pcidevice: item.metadata.name,
    address: item.status?.address ?? "",
    "vendor:device": `${item.status?.vendorId ?? ""}:${item.status?.deviceId ?? ""}`,
    driver: item.status?.kernelDriverInUse ?? "",
    "iommu group": item.status?.iommuGroup ?? "",
  }));
  console.log(rows.length === 0 ? "No PCIDevices of VFs." : table(rows));
  if (rows.length !== expected) throw new Error(`${rows.length} PCIDevices are listed, not ${expected}`);
}

async function awaitReady(lab: Lab, name: string, numVfs: number): Promise<void> {
  const informer = new Informer(lab.client, SRIOV_NETWORK_DEVICE).start();
  try {
    await informer.synced;
    await waitFor(
      informer,
      () => {
        const have = informer.get(name)?.status?.virtualFunctions?.length;
        return have === numVfs
          ? { state: "satisfied", result: undefined }
          : { state: "pending", what: `${have ?? 0} VFs` };
      },
      { deadline: Date.now() + 60_000 },
    );
  } finally {
    await informer.stop();
  }
}
