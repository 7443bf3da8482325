import { join } from "node:path";
import { VERSION } from "../../../api/version.js";
import { reconcilerImage } from "../../../image/archive.js";
import { findEngine } from "../../engine/executable.js";
import { type Lab, startLab } from "../../lab.js";
import type { KubeletNode } from "../../nodes/kubelet/kubelet-node.js";
import { beginRun } from "../../processes/lab-run.js";
import { RECONCILER_REPOSITORY } from "../../images.js";
import { inLab, step } from "../narration.js";
import { type DemoStack, exampleProject, openDemoStack } from "../stack.js";
import { showEmptyCluster, showWhatStays } from "./cluster.js";
import { NicOnNode, showVfs } from "./kernel-vfs.js";
import { podsAreGone, showPods, showRights } from "./reconciler-pods.js";
import { VfUser } from "./vf-user.js";

export interface InstallationOptions {
  /** How many nodes; 1 or more. */
  readonly nodes: number;
  /** Leave the lab up at the end, or where a step failed. */
  readonly keep: boolean;
}

/** The same program under two names, so that going from one to the other is an upgrade, and nothing else. */
const [TAG, NEXT_TAG] = [VERSION, `${VERSION}-next`];

/** NICs of each node: one for the program's NIC and claim, the other for its policy and network. */
const DECLARED = { interfaceName: "enp1s0", address: "0000:01:00.0" };
const BY_POLICY = { interfaceName: "enp2s0", address: "0000:02:00.0" };
const VFS = 4;

/**
 * From an empty cluster to VFs in use, and back: examples/cluster is run on nodes with real kernels and kubelets, whose pods
 * are made of the reconciler's image. Every step is checked against the nodes' own kernels. Throws at the first that is not as
 * it should be.
 */
export async function installation({ nodes: count, keep }: InstallationOptions): Promise<void> {
  const log = (line: string): void => console.log(line);
  const run = await beginRun({ label: "demo", log });
  run.stopOnSignals();
  try {
    const engine = await findEngine(run);
    log(engine.describe);
    const lab = await startLab(run, { log, contract: false, scheduler: true, multus: true });
    log(`API server: ${lab.controlPlane.server}`);
    const stack = await openDemoStack(lab, engine, exampleProject("cluster"));
    await inLab(lab, stack, keep, async () => {
      const nodes = await addNodes(lab, count, log);
      await showEmptyCluster(lab);
      const nics = await install(lab, stack, nodes);
      const user = await useVfs(lab, nodes);
      await upgrade(lab, stack, nics, user);
      await takeDown(lab, stack, nics, user);
    });
  } finally {
    if (!keep) {
      log("\nStopping the lab …");
      await run.stop();
    }
  }
}

async function addNodes(lab: Lab, count: number, log: (line: string) => void): Promise<KubeletNode[]> {
  step("The reconciler's image is made, and imported by nodes with real Linux kernels and kubelets in QEMU.");
  const tags = [TAG, NEXT_TAG].map((tag) => `${RECONCILER_REPOSITORY}:${tag}`);
  const archive = await reconcilerImage({ tags, out: join(lab.run.dir, "reconciler.tar"), log });
  const names = Array.from({ length: count }, (_, index) => `node${index + 1}`);
  return Promise.all(names.map((name) => lab.addKubeletNode(name, { agent: false, images: [archive] })));
}

async function install(lab: Lab, stack: DemoStack, nodes: readonly KubeletNode[]): Promise<NicOnNode[]> {
  const [first] = nodes;
  if (first === undefined) throw new Error("a cluster needs a node");
  step("examples/cluster installs the reconciler and asks for VFs, a policy, a network and a claim, all at once.");
  const { port } = new URL(lab.controlPlane.server);
  const config = {
    image: `${RECONCILER_REPOSITORY}:${TAG}`,
    // The host in a guest's eyes. The cluster has no Service network.
    apiServerHost: "10.0.2.2",
    apiServerPort: port,
    node: first.name,
    interface: DECLARED.interfaceName,
    numVfs: String(VFS),
    policyInterface: BY_POLICY.interfaceName,
    policyNumVfs: String(VFS),
  };
  for (const [key, value] of Object.entries(config)) await stack.config(key, value);
  await stack.pulumi("preview");
  await stack.pulumi("up", ["--yes", "--skip-preview"]);
  await showPods(lab, nodes.length, `${RECONCILER_REPOSITORY}:${TAG}`);
  await showRights(lab);
  const nics = [new NicOnNode(first, DECLARED.address), ...nodes.map((node) => new NicOnNode(node, BY_POLICY.address))];
  for (const nic of nics) await showVfs(nic, VFS);
  step("The same program again has nothing to do.");
  await stack.pulumi("preview", ["--expect-no-changes"]);
  return nics;
}

async function useVfs(lab: Lab, nodes: readonly KubeletNode[]): Promise<VfUser> {
  step(`A pod asks for ${VFS} VFs of the policy's pool.`);
  const [node] = nodes;
  if (node === undefined) throw new Error("a cluster needs a node");
  return VfUser.start(lab, node.name, VFS);
}

async function upgrade(lab: Lab, stack: DemoStack, nics: readonly NicOnNode[], user: VfUser): Promise<void> {
  step(`An upgrade to ${RECONCILER_REPOSITORY}:${NEXT_TAG}: new pods, and no VF is touched.`);
  const before = await Promise.all(nics.map((nic) => nic.virtualFunctions()));
  await stack.config("image", `${RECONCILER_REPOSITORY}:${NEXT_TAG}`);
  await stack.pulumi("up", ["--yes", "--skip-preview"]);
  const nodes = new Set(nics.map(({ node }) => node.name)).size;
  await showPods(lab, nodes, `${RECONCILER_REPOSITORY}:${NEXT_TAG}`);
  for (const [index, nic] of nics.entries()) {
    const now = await showVfs(nic, VFS);
    if (JSON.stringify(now) !== JSON.stringify(before[index])) throw new Error(`VFs of ${nic.name} are other ones now`);
  }
  await user.goesOn();
  await stack.pulumi("preview", ["--expect-no-changes"]);
}

async function takeDown(lab: Lab, stack: DemoStack, nics: readonly NicOnNode[], user: VfUser): Promise<void> {
  step("The pod ends. destroy takes VFs first, then what served them; kinds and namespace stay.");
  await user.remove();
  await stack.pulumi("destroy", ["--yes", "--skip-preview"]);
  for (const nic of nics) await showVfs(nic, 0);
  await podsAreGone(lab);
  await showWhatStays(lab);
}
