import { describeImpact, type Impact } from "../../../plan/impact/impact.js";

/** Parts of what `pulumi preview --json` prints. */

export const urnOf = (type: string, name: string): string =>
  `urn:pulumi:dev::net::pulumi-nodejs:dynamic/sriov:${type}::${name}`;

export const NIC = urnOf("SriovNetworkDevice", "storage");

export const STACK = "urn:pulumi:dev::net::pulumi:pulumi:Stack::net-dev";

/** A change of node1-eno49 that one pod stands against, unless told otherwise. */
export function impact(more: Partial<Impact> = {}): Impact {
  return {
    object: "node1-eno49",
    kind: "nic",
    nodeName: "node1",
    change: "4 → 6 VFs",
    destroyed: 4,
    created: 6,
    inUse: [{ address: "0000:04:10.2", interfaceName: "eno49v1", usedBy: "pod web/router-0" }],
    outcome: "refused",
    ...more,
  };
}

/** As an engine tells of a check failure. */
export function refusal(of: Impact, urn = NIC): object {
  const [, , type = "", name = ""] = urn.split("::");
  const message = `error: ${type} resource '${name}': property numVfs value {6} has a problem: ${describeImpact(of)}\n`;
  return { urn, message, severity: "error" };
}

/** As an engine tells of a warning. */
export function warning(of: Impact, urn = NIC): object {
  return { urn, message: `warning: ${describeImpact(of)}\n`, severity: "warning" };
}

export function step(op: string, { urn = NIC, oldInputs, newInputs }: StepParts): object {
  return {
    op,
    urn,
    ...(oldInputs && { oldState: { urn, custom: true, id: "x", inputs: oldInputs, outputs: oldInputs } }),
    ...(newInputs && { newState: { urn, custom: true, inputs: newInputs, outputs: newInputs } }),
    detailedDiff: null,
  };
}

interface StepParts {
  readonly urn?: string;
  readonly oldInputs?: object;
  readonly newInputs?: object;
}

export function previewText(parts: { readonly steps?: object[]; readonly diagnostics?: object[] } = {}): string {
  const stack = { op: "same", urn: STACK, oldState: {}, newState: {}, detailedDiff: null };
  const { steps = [], diagnostics } = parts;
  return JSON.stringify({
    config: { "net:n": "1" },
    steps: [stack, ...steps],
    ...(diagnostics && { diagnostics }),
    duration: 2402653020,
    changeSummary: { same: 1 },
  });
}
