import type { SriovNetworkSpec } from "../../../api/sriov-network.js";
import type { JsonInput, NetworkInputs, PartialNetworkInputs } from "./network-inputs.js";

/**
 * Pure: the object's spec that these inputs stand for. What is no value for its field is kept as it is, so that whoever
 * judges the spec can say what was given.
 */
export function networkSpec(inputs: PartialNetworkInputs): SriovNetworkSpec {
  const fields = SPEC_INPUTS.map((name) => [name, fieldOf(inputs, name)] as const);
  return Object.fromEntries(fields.filter(([, value]) => value !== undefined));
}

/** The inputs that are fields of the spec, under the same names. */
export const SPEC_INPUTS = [
  "resourceName",
  "networkNamespace",
  "vlan",
  "vlanQoS",
  "vlanProto",
  "spoofChk",
  "trust",
  "linkState",
  "minTxRate",
  "maxTxRate",
  "ipam",
  "capabilities",
  "metaPlugins",
  "logLevel",
  "logFile",
] as const satisfies readonly (keyof NetworkInputs & keyof SriovNetworkSpec)[];

export type SpecInput = (typeof SPEC_INPUTS)[number];

function fieldOf(inputs: PartialNetworkInputs, name: SpecInput): unknown {
  switch (name) {
    case "resourceName":
      return inputs.policy?.resourceName ?? inputs.resourceName;
    case "spoofChk":
    case "trust":
      return switchWord(inputs[name]);
    case "ipam":
    case "capabilities":
      return jsonText(inputs[name]);
    case "metaPlugins":
      return pluginsText(inputs.metaPlugins);
    default:
      return inputs[name];
  }
}

function switchWord(value: NetworkInputs["trust"]): unknown {
  return typeof value === "boolean" ? (value ? "on" : "off") : value;
}

/** As v1 has several plugins: JSON objects with commas between, and no brackets around them. */
function pluginsText(value: NetworkInputs["metaPlugins"]): unknown {
  if (!isList(value)) return jsonText(value);
  return value.map((plugin) => jsonText(plugin as JsonInput)).join(",");
}

/**
 * Keys in order of the alphabet: on their way through the engine objects lose the order that the program gave them, and one
 * value must not have two texts.
 */
function jsonText(value: JsonInput | undefined): unknown {
  return typeof value === "object" ? JSON.stringify(sorted(value)) : value;
}

function sorted(value: unknown): unknown {
  if (isList(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, part]) => [key, sorted(part)]));
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}
