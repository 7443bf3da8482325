import { pciDeviceClaim } from "../../provider/core/claim/pci-device-claim.js";
import { sriovNetworkDevice } from "../../provider/core/device/sriov-network-device.js";
import { sriovNetwork } from "../../provider/core/network/sriov-network.js";
import { sriovNetworkNodePolicy } from "../../provider/core/policy/sriov-network-node-policy.js";
import type { Beside, Operation } from "../../provider/core/resource.js";
import type { Impact } from "../../plan/impact/impact.js";
import { UNKNOWN } from "../../provider/dynamic/values.js";
import type { PreviewState, Properties } from "./preview.js";

/** A kind of resource of this package, as a preview's JSON shows it. */
export interface ResourceKind {
  readonly name: string;
  /** What deleting it would do now, beside what the same `up` makes of its kind. */
  readonly foreseeDelete: (
    operation: Operation,
    id: string,
    olds: Properties,
    beside: Beside<Properties>,
  ) => Promise<readonly Impact[]>;
  /** Properties that say which object it is and what the resource has of it: nothing is told where one of them is secret. */
  readonly identity: readonly string[];
  /** Name of its object, for people. */
  objectOf(state: Properties): string;
  /** Why the inputs that check has left do not tell what becomes of VFs, if they do not. */
  unknownProblem(inputs: Properties): string | undefined;
}

/** The kind of a resource's type; undefined for those of other packages. */
export function resourceKind(type: string): ResourceKind | undefined {
  return KINDS.find(({ name }) => type === `pulumi-nodejs:dynamic/sriov:${name}`);
}

/** Type and name of a resource. A name may hold whatever a URN holds. */
export function urnParts(urn: string): { readonly type: string; readonly name: string } {
  const [, , qualified = "", ...name] = urn.split("::");
  return { type: qualified.split("$").at(-1) ?? "", name: name.join("::") };
}

/** What a state says of its object: outputs, which hold the inputs too, or in a preview the inputs alone. */
export function propertiesOf(state: PreviewState | undefined): Properties {
  return state?.outputs ?? state?.inputs ?? {};
}

/** Which cluster it is: where that is known only in up, check sees none. */
const CLUSTER = ["kubeconfig", "context"] as const;

/** What decides which NICs a policy has, and how many VFs they get. */
const POLICY_SETTINGS = ["nodeSelector", "nicSelector", "numVfs", "priority"] as const;

const KINDS: readonly ResourceKind[] = [
  {
    name: "SriovNetworkDevice",
    identity: ["deviceName", "fieldManager"],
    foreseeDelete: (...args) => sriovNetworkDevice.foreseeDelete(...args),
    objectOf: ({ deviceName, nodeName, interfaceName, address }) =>
      known(deviceName) ?? [nodeName, interfaceName ?? address].map((part) => known(part) ?? "?").join("-"),
    unknownProblem: (inputs) =>
      unknownAmong(inputs, ["numVfs", ...CLUSTER]) ??
      (known(inputs["deviceName"]) === undefined ? "the NIC is not known before up" : undefined),
  },
  {
    name: "SriovNetworkNodePolicy",
    identity: ["policyName", "namespace", "fieldManager", ...POLICY_SETTINGS],
    foreseeDelete: (...args) => sriovNetworkNodePolicy.foreseeDelete(...args),
    objectOf: ({ policyName }) => known(policyName) ?? "?",
    unknownProblem: (inputs) => unknownAmong(inputs, [...POLICY_SETTINGS, "policyName", "namespace", ...CLUSTER]),
  },
  {
    name: "SriovNetwork",
    identity: ["networkName", "namespace", "fieldManager"],
    foreseeDelete: (...args) => sriovNetwork.foreseeDelete(...args),
    objectOf: ({ networkName }) => known(networkName) ?? "?",
    unknownProblem: () => undefined,
  },
  {
    name: "PciDeviceClaim",
    identity: ["claimName", "fieldManager"],
    foreseeDelete: (...args) => pciDeviceClaim.foreseeDelete(...args),
    objectOf: ({ claimName, pciDevice }) => known(claimName) ?? known(pciDevice) ?? "?",
    unknownProblem: () => undefined,
  },
];

function unknownAmong(inputs: Properties, names: readonly string[]): string | undefined {
  const unknown = names.filter((name) => JSON.stringify(inputs[name] ?? null).includes(UNKNOWN));
  return unknown.length === 0 ? undefined : `${unknown.join(", ")} not known before up`;
}

function known(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" && value !== UNKNOWN ? value : undefined;
}
