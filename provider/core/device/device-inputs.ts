import { addressProblem, nameProblem, numVfsProblem } from "../../../plan/device-inputs.js";
import type { InputFailure, SharedInputs } from "../resource.js";
import { timeoutsFailures } from "../timeouts.js";

/** What a program gives, and what check has added to it. */
export interface DeviceInputs extends SharedInputs {
  readonly nodeName: string;
  readonly interfaceName?: string;
  /** PCI address. */
  readonly address?: string;
  readonly numVfs: number;
  /** What to do where VFs that are in use would be destroyed. Default `refuse`. */
  readonly onVfsInUse?: "refuse" | "proceed";
  /** Take the count from other field managers. Default false. */
  readonly forceConflicts?: boolean;

  // Added by check where the NIC is known.
  /** The name by which the program knows the NIC, whatever it is called now; absent where it gave the address. */
  readonly givenInterfaceName?: string;
  readonly deviceName?: string;
  readonly totalVfs?: number;
  readonly vendorId?: string;
  readonly deviceId?: string;
  readonly driver?: string;
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
  return [...failures, ...timeoutsFailures(news.timeouts)];
}

/** ` (eno49 of node1)`, so that an error in a long program says which NIC it is about. */
function nicOf(news: PartialDeviceInputs): string {
  const nic = news.address ?? news.interfaceName;
  if (typeof nic !== "string" || typeof news.nodeName !== "string") return "";
  return ` (${nic} of ${news.nodeName})`;
}
