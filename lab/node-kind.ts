import type { Lab } from "./lab.js";
import type { LabNode } from "./nodes/lab-node.js";

/** The kinds of nodes that a lab can have, in the words of `--node`. */
export const NODE_KINDS = ["simulated", "qemu", "kubelet"] as const;

export type NodeKind = (typeof NODE_KINDS)[number];

export function isNodeKind(word: string): word is NodeKind {
  return NODE_KINDS.some((kind) => kind === word);
}

/** Resolves when the node's agent has reported. */
export function addNode(lab: Lab, name: string, kind: NodeKind): Promise<LabNode> {
  switch (kind) {
    case "simulated":
      return lab.addSimulatedNode(name);
    case "qemu":
      return lab.addRealNode(name);
    case "kubelet":
      return lab.addKubeletNode(name);
  }
}
