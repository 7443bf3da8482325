import { join } from "node:path";
import type { Lab, SimulatedOptions } from "./lab.js";
import type { LabNode } from "./nodes/lab-node.js";
import { guestHardware } from "./nodes/simulated/hardware.js";

/** The kinds of nodes that a lab can have, in the words of `--node`. */
export const NODE_KINDS = ["simulated", "qemu", "kubelet"] as const;

export type NodeKind = (typeof NODE_KINDS)[number];

export function isNodeKind(word: string): word is NodeKind {
  return NODE_KINDS.some((kind) => kind === word);
}

/** In the sources, since the compiler copies no such files. */
const PCI_IDS = join(__dirname, "..", "..", "lab", "nodes", "simulated", "pci.ids");

const SIMULATED: SimulatedOptions = { kubelet: true, agentArgs: ["--pci-ids", PCI_IDS] };

/** A simulated node that is a virtual machine, and was given VFs; resolves when its agent has reported. */
export function addGuest(lab: Lab, name: string): Promise<LabNode> {
  return lab.addSimulatedNode(name, { ...SIMULATED, spec: guestHardware() });
}

/** Resolves when the node's agent has reported. */
export function addNode(lab: Lab, name: string, kind: NodeKind): Promise<LabNode> {
  switch (kind) {
    case "simulated":
      return lab.addSimulatedNode(name, SIMULATED);
    case "qemu":
      return lab.addRealNode(name);
    case "kubelet":
      return lab.addKubeletNode(name);
  }
}
