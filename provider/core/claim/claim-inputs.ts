import { isObjectName, pciDeviceOf } from "../../../api/names.js";
import { resourceNameProblem } from "../../../plan/claims/resource-name.js";
import { describe } from "../../../plan/describe-value.js";
import { addressProblem, nameProblem } from "../../../plan/device-inputs.js";
import type { InputFailure, SharedInputs } from "../resource.js";
import { timeoutsFailures } from "../timeouts.js";

/** What a program gives, and what check has added to it. */
export interface ClaimInputs extends SharedInputs {
  /** Name of the device's PCIDevice. This, or `nodeName` and `address`; check has put the others beside it. */
  readonly pciDevice?: string;
  readonly nodeName?: string;
  /** PCI address. */
  readonly address?: string;
  /** Who claims it. Default `pulumi`. */
  readonly userName?: string;
  /** Offer the device under a name of its own. Default false. */
  readonly disableResourcePooling?: boolean;
  /** Name to offer the device under; where the program gives none, check has put the one here that is foreseen. */
  readonly resourceName?: string;
  readonly forceConflicts?: boolean;

  // Added by check.
  /** `resourceName` as the program gives it. */
  readonly givenResourceName?: string;
  readonly claimName?: string;
  /** The driver that the device is taken from, as far as is known before. */
  readonly kernelDriverToUnbind?: string;
}

/** Nothing of it is checked yet, or some of it is unknown. */
export type PartialClaimInputs = Partial<ClaimInputs>;

/** Where the program names nobody. */
export const DEFAULT_USER = "pulumi";

/** Pure: what is wrong with the inputs by themselves. Inputs in `unknown` are not looked at. */
export function claimInputFailures(news: PartialClaimInputs, unknown: ReadonlySet<string>): InputFailure[] {
  const failures = deviceFailures(news, unknown);
  const look = (property: keyof ClaimInputs, problem: (value: unknown) => string | undefined): void => {
    const reason = news[property] === undefined ? undefined : problem(news[property]);
    if (reason !== undefined) failures.push({ property, reason: `${property} ${reason}` });
  };
  look("userName", nameProblem);
  look("disableResourcePooling", booleanProblem);
  look("resourceName", (value) => (typeof value === "string" ? resourceNameProblem(value) : nameProblem(value)));
  look("forceConflicts", booleanProblem);
  return [...failures, ...timeoutsFailures(news.timeouts)];
}

const DEVICE_INPUTS = ["pciDevice", "nodeName", "address"] as const;

/** Which device it is must be said once. */
function deviceFailures(news: PartialClaimInputs, unknown: ReadonlySet<string>): InputFailure[] {
  const given = DEVICE_INPUTS.filter((name) => news[name] !== undefined || unknown.has(name));
  const ways = "give pciDevice, or nodeName and address";
  if (given.includes("pciDevice") && given.length > 1) return [{ property: "pciDevice", reason: `${ways}, not both` }];
  if (given.length === 0) return [{ property: "pciDevice", reason: ways }];
  if (!given.includes("pciDevice") && given.length === 1) {
    const missing = given[0] === "address" ? "nodeName" : "address";
    return [{ property: missing, reason: `${missing} is missing: ${ways}` }];
  }
  const problems = { pciDevice: pciDeviceProblem, nodeName: nameProblem, address: addressProblem };
  return given.flatMap((property) => {
    const reason = unknown.has(property) ? undefined : problems[property](news[property]);
    return reason === undefined ? [] : [{ property, reason: `${property} ${reason}` }];
  });
}

/** Names with a hash in them do not tell their node, but are names of PCIDevices nevertheless. */
function pciDeviceProblem(value: unknown): string | undefined {
  if (typeof value === "string" && isObjectName(value) && (pciDeviceOf(value) !== undefined || value.length > 200)) {
    return undefined;
  }
  return `must be the name of a PCIDevice, <node>-<address without ":" and ".">, such as node1-000004100, not ${describe(value)}`;
}

function booleanProblem(value: unknown): string | undefined {
  return typeof value === "boolean" ? undefined : `must be true or false, not ${describe(value)}`;
}
