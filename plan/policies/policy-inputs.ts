import type { InputProblem } from "../input-problem.js";
import { addressProblem } from "../device-inputs.js";
import { describe } from "../describe-value.js";
import {
  type Check,
  type Fields,
  type Spec,
  check,
  fieldProblems,
  flag,
  isSpec,
  list,
  matching,
  missingProblems,
  oneOf,
  problem,
  textMap,
  unknownProblems,
  wholeNumber,
} from "../spec-fields.js";
import { hasBridge } from "./unsupported.js";
import { parsePfName } from "./vf-range.js";

/**
 * All that is wrong with the spec of a SriovNetworkNodePolicy as somebody wrote it, whatever the cluster has: types, words
 * and numbers that are allowed, properties that exclude each other, and properties that the kind does not have.
 */
export function policySpecProblems(spec: Spec): InputProblem[] {
  return [...malformations(spec), ...rangeProblems(spec), ...unknownPolicyProblems(spec)];
}

/**
 * Those of the problems for which nothing of a policy can be carried out anywhere. Ranges that do not fit numVfs are not among
 * them, since they concern one NIC, nor are unknown properties, which a newer version of the kind may have.
 */
export function malformations(spec: Spec): InputProblem[] {
  return [
    ...missingProblems(spec, ["resourceName", "nodeSelector", "nicSelector", "numVfs"]),
    ...fieldProblems(spec, POLICY_FIELDS),
    ...contradictions(spec),
  ];
}

/** Why a value cannot say how many nodes may be changed at once, or nothing. */
export function maxUnavailableProblem(value: unknown): string | undefined {
  if (typeof value === "string" && /^([1-9]\d{0,8}|([1-9]\d?|100)%)$/.test(value)) return undefined;
  return `must be a whole number above 0 or a percentage from 1% to 100%, as text ("2" or "10%"), not ${describe(value)}`;
}

const fourHexDigits = matching(/^[0-9a-fA-F]{4}$/, 'four hex digits such as "8086"');

const address: Check = (value, property) => {
  const reason = addressProblem(value);
  return reason === undefined ? [] : [problem(property, reason)];
};

const pfName = check(
  (value) => typeof value === "string" && parsePfName(value) !== undefined,
  'the name of an interface, with or without a range of VFs from the lower to the higher ("ens1f0", "ens1f0#0-3")',
);

const NIC_SELECTOR_FIELDS: Fields = {
  vendor: fourHexDigits,
  deviceID: fourHexDigits,
  rootDevices: list(address),
  pfNames: list(pfName),
  netFilter: matching(/^\s*\S+\s*:\s*\S+\s*$/, 'a network such as "openstack/NetworkID:…" or "aws/NetworkID:…"'),
};

const nicSelector: Check = (value, property) => {
  if (!isSpec(value)) return [problem(property, `must be an object, not ${describe(value)}`)];
  const given = Object.keys(NIC_SELECTOR_FIELDS).filter((name) => isGiven(value[name]));
  if (given.length === 0)
    return [problem(property, `must select by at least one of ${Object.keys(NIC_SELECTOR_FIELDS).join(", ")}`)];
  const alone =
    isGiven(value["netFilter"]) && given.length > 1
      ? [
          problem(
            `${property}.netFilter`,
            `must stand alone, without ${given.filter((name) => name !== "netFilter").join(", ")}`,
          ),
        ]
      : [];
  const fields = Object.fromEntries(given.map((name) => [name, value[name]]));
  return [...fieldProblems(fields, NIC_SELECTOR_FIELDS, `${property}.`), ...alone];
};

const POLICY_FIELDS: Fields = {
  resourceName: matching(
    /^(?=.{1,63}$)[a-zA-Z0-9]([a-zA-Z0-9_-]*[a-zA-Z0-9])?$/,
    "1 to 63 letters, digits, - or _ that begin and end with a letter or digit",
  ),
  nodeSelector: textMap,
  nicSelector,
  numVfs: wholeNumber(0),
  priority: wholeNumber(0, 99),
  mtu: wholeNumber(1),
  deviceType: oneOf("netdevice", "vfio-pci"),
  isRdma: flag,
  needVhostNet: flag,
  linkType: oneOf("eth", "ETH", "ib", "IB"),
  eSwitchMode: oneOf("legacy", "switchdev"),
  vdpaType: oneOf("virtio", "vhost"),
  excludeTopology: flag,
  externallyManaged: flag,
  bridge: check(isSpec, "an object"),
};

/** Properties that are right by themselves and wrong together: the rules that the operator's webhook has. */
function contradictions(spec: Spec): InputProblem[] {
  const infiniband = typeof spec["linkType"] === "string" && spec["linkType"].toLowerCase() === "ib";
  const vdpa = spec["vdpaType"] !== undefined;
  const bridge = hasBridge(spec["bridge"]);
  const switchdev = spec["eSwitchMode"] === "switchdev";
  const byNetFilter = isSpec(spec["nicSelector"]) && isGiven(spec["nicSelector"]["netFilter"]);
  const vfio = spec["deviceType"] === "vfio-pci";
  const rules: readonly (readonly [boolean, string, string])[] = [
    [vfio && spec["isRdma"] === true, "isRdma", 'must not be true with deviceType "vfio-pci"'],
    [infiniband && switchdev, "eSwitchMode", 'can be "switchdev" only with Ethernet, not with linkType "ib"'],
    [vdpa && vfio, "vdpaType", 'needs deviceType "netdevice"'],
    [vdpa && !switchdev, "vdpaType", 'needs eSwitchMode "switchdev"'],
    [bridge && !switchdev, "bridge", 'needs eSwitchMode "switchdev"'],
    [bridge && spec["externallyManaged"] === true, "bridge", "must not be given with externallyManaged"],
    [byNetFilter && spec["eSwitchMode"] !== undefined, "eSwitchMode", "must not be given with nicSelector.netFilter"],
    [byNetFilter && infiniband, "linkType", 'must be "eth" or "ETH" with nicSelector.netFilter'],
  ];
  return rules.filter(([broken]) => broken).map(([, property, predicate]) => problem(property, predicate));
}

/** Ranges that go beyond the VFs that the policy itself asks for, and second ones for one name, which nobody would heed. */
function rangeProblems(spec: Spec): InputProblem[] {
  const entries = isSpec(spec["nicSelector"]) ? spec["nicSelector"]["pfNames"] : undefined;
  if (!Array.isArray(entries)) return [];
  const { numVfs } = spec;
  const pfNames = entries.map((entry: unknown) => (typeof entry === "string" ? parsePfName(entry) : undefined));
  const isCount = wholeNumber(0)(numVfs, "numVfs").length === 0;
  return pfNames.flatMap((pfName, index) => {
    if (pfName === undefined) return [];
    const { name, range } = pfName;
    const property = `nicSelector.pfNames[${index}]`;
    if (pfNames.findIndex((other) => other?.name === name) < index)
      return [problem(property, `must not name ${name} again: a policy has one range of a NIC`)];
    if (!isCount || range === undefined || range.last < Number(numVfs)) return [];
    return [problem(property, `must end below numVfs, which is ${String(numVfs)}, not at VF ${range.last}`)];
  });
}

function unknownPolicyProblems(spec: Spec): InputProblem[] {
  const selector = spec["nicSelector"];
  const within = isSpec(selector) ? unknownProblems(selector, NIC_SELECTOR_FIELDS, "nicSelector.") : [];
  return [...unknownProblems(spec, POLICY_FIELDS), ...within];
}

/** Does a part of a nicSelector say anything? Empty texts and lists do not. */
function isGiven(value: unknown): boolean {
  return value !== undefined && value !== "" && !(Array.isArray(value) && value.length === 0);
}
