import { isObjectName } from "../../api/names.js";
import type { InputProblem } from "../input-problem.js";
import { describe } from "../describe-value.js";
import {
  type Check,
  type Fields,
  type Spec,
  check,
  fieldProblems,
  matching,
  oneOf,
  problem,
  text,
  unknownProblems,
  wholeNumber,
} from "../spec-fields.js";
import { type JsonText, readCapabilities, readIpam, readMetaPlugins } from "./json-text.js";

/**
 * All that is wrong with the spec of a SriovNetwork as somebody wrote it, whatever the cluster has. That a resource name is
 * missing is not: it may come from a policy.
 */
export function networkSpecProblems(spec: Spec): InputProblem[] {
  return [...fieldProblems(spec, NETWORK_FIELDS), ...contradictions(spec), ...unknownProblems(spec, NETWORK_FIELDS)];
}

/** Those of the problems for which no attachment can be rendered. */
export function jsonTextProblems(spec: Spec): InputProblem[] {
  return fieldProblems(spec, JSON_FIELDS);
}

function json(read: (text: string) => JsonText<unknown>): Check {
  return (value, property) => {
    if (typeof value !== "string") return [problem(property, `must be JSON as a text, not ${describe(value)}`)];
    if (value === "") return [];
    const result = read(value);
    return result.kind === "value" ? [] : [problem(property, result.predicate)];
  };
}

const JSON_FIELDS: Fields = {
  ipam: json(readIpam),
  capabilities: json(readCapabilities),
  metaPlugins: json(readMetaPlugins),
};

const onOff = oneOf("on", "off");
const rate = wholeNumber(0);

const NETWORK_FIELDS: Fields = {
  // Other device plugins have pools as well, whose names may have dots.
  resourceName: matching(
    /^$|^(?=.{1,63}$)[a-zA-Z0-9]([a-zA-Z0-9_.-]*[a-zA-Z0-9])?$/,
    "1 to 63 letters, digits, -, _ or . that begin and end with a letter or digit",
  ),
  networkNamespace: check(isNamespaceName, "the name of a namespace"),
  ...JSON_FIELDS,
  vlan: wholeNumber(0, 4094),
  vlanQoS: wholeNumber(0, 7),
  vlanProto: oneOf("802.1q", "802.1Q", "802.1ad", "802.1AD"),
  spoofChk: onOff,
  trust: onOff,
  linkState: oneOf("auto", "enable", "disable"),
  minTxRate: rate,
  maxTxRate: rate,
  logLevel: oneOf("panic", "error", "warning", "info", "debug", ""),
  logFile: text,
};

/** A label by RFC 1123. */
function isNamespaceName(value: unknown): boolean {
  return (
    value === "" || (typeof value === "string" && value.length <= 63 && !value.includes(".") && isObjectName(value))
  );
}

/** What the CNI plugin refuses, or the kernel, when a pod starts. */
function contradictions({ vlan = 0, vlanQoS, vlanProto, minTxRate, maxTxRate }: Spec): InputProblem[] {
  const rules: readonly (readonly [boolean, string, string])[] = [
    [vlan === 0 && typeof vlanQoS === "number" && vlanQoS !== 0, "vlanQoS", "other than 0 needs a vlan other than 0"],
    [vlan === 0 && String(vlanProto).toLowerCase() === "802.1ad", "vlanProto", "802.1ad needs a vlan other than 0"],
    [
      typeof minTxRate === "number" && typeof maxTxRate === "number" && maxTxRate !== 0 && minTxRate > maxTxRate,
      "minTxRate",
      `must be maxTxRate, which is ${String(maxTxRate)}, or less, not ${String(minTxRate)}`,
    ],
  ];
  return rules.filter(([broken]) => broken).map(([, property, predicate]) => problem(property, predicate));
}
