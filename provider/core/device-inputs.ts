import { addressProblem, nameProblem, numVfsProblem } from "../../plan/device-inputs.js";
import type { InputFailure } from "./resource.js";

/** What a program gives, and what check has added to it. */
export interface DeviceInputs {
  readonly nodeName: string;
  readonly interfaceName?: string;
  /** PCI address. */
  readonly address?: string;
  readonly numVfs: number;
  /** What to do where VFs that are in use would be destroyed. Default `refuse`. */
  readonly onVfsInUse?: "refuse" | "proceed";
  /** Take the count from other field managers. Default false. */
  readonly forceConflicts?: boolean;
  readonly kubeconfig?: string;
  readonly context?: string;
  /** The resource's own URN, which nobody else tells the provider. */
  readonly resourceUrn: string;
  /** The resource's customTimeouts, which Pulumi does not hand on: durations such as `5m`. */
  readonly timeouts?: Timeouts;

  // Added by check where the NIC is known.
  /** The name by which the program knows the NIC, whatever it is called now; absent where it gave the address. */
  readonly givenInterfaceName?: string;
  readonly clusterUid?: string;
  readonly deviceName?: string;
  readonly totalVfs?: number;
  readonly vendorId?: string;
  readonly deviceId?: string;
  readonly driver?: string;
}

export interface Timeouts {
  readonly create?: string;
  readonly update?: string;
  readonly delete?: string;
}

/** Nothing of it is checked yet, or some of it is unknown. */
export type PartialDeviceInputs = Partial<DeviceInputs>;

/** Pure: what is wrong with the inputs by themselves. Inputs in `unknown` are not looked at. */
export function inputFailures(news: PartialDeviceInputs, unknown: ReadonlySet<string>): InputFailure[] {
  const failures: InputFailure[] = [];
  const require = (property: keyof DeviceInputs, problem: (value: unknown) => string | undefined): void => {
    const reason = unknown.has(property) ? undefined : problem(news[property]);
    if (reason !== undefined) failures.push({ property, reason: `${property} ${reason}${nicOf(news)}` });
  };
  require("nodeName", nameProblem);
  require("numVfs", numVfsProblem);
  const given = (["interfaceName", "address"] as const).filter((name) => news[name] !== undefined || unknown.has(name));
  if (given.length !== 1) {
    const reason = `give one of interfaceName and address${given.length === 0 ? "" : ", not both"}${nicOf(news)}`;
    failures.push({ property: given.length === 0 ? "interfaceName" : "address", reason });
  } else if (given[0] === "address") require("address", addressProblem);
  else require("interfaceName", nameProblem);
  require("onVfsInUse", (value) =>
    value === undefined || value === "refuse" || value === "proceed"
      ? undefined
      : `must be "refuse" or "proceed", not ${JSON.stringify(value)}`);
  require("forceConflicts", (value) =>
    value === undefined || typeof value === "boolean"
      ? undefined
      : `must be true or false, not ${JSON.stringify(value)}`);
  require("timeouts", timeoutsProblem);
  return failures;
}

/** Milliseconds of a duration as customTimeouts has it: `90s`, `5m`, `1h30m`. Undefined where it is none. */
export function durationMs(text: string): number | undefined {
  const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
  const part = /(\d+(?:\.\d+)?)(ms|s|m|h)/y;
  let total = 0;
  for (part.lastIndex = 0; part.lastIndex < text.length;) {
    const match = part.exec(text);
    if (match === null) return undefined;
    total += Number(match[1]) * (units[match[2] ?? ""] ?? 0);
  }
  return text === "" ? undefined : total;
}

function timeoutsProblem(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  const wrong = Object.entries(value as Timeouts).find(
    ([, text]) => typeof text !== "string" || durationMs(text) === undefined,
  );
  return wrong === undefined ? undefined : `${wrong[0]} must be a duration such as 5m, not ${JSON.stringify(wrong[1])}`;
}

/** ` (eno49 of node1)`, so that an error in a long program says which NIC it is about. */
function nicOf(news: PartialDeviceInputs): string {
  const nic = news.address ?? news.interfaceName;
  if (typeof nic !== "string" || typeof news.nodeName !== "string") return "";
  return ` (${nic} of ${news.nodeName})`;
}
