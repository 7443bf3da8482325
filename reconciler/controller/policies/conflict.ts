import { isProviderFieldManager } from "../../../api/names.js";
import type { SriovNetworkDevice } from "../../../api/sriov-network-device.js";
import type { ApiError } from "../../../kube/errors.js";
import { conflictingManagers } from "../../../kube/errors.js";
import type { DesiredSpec } from "./desired-spec.js";
import { namedPolicies } from "./named-policies.js";

/** Which policies want a NIC otherwise than it is, who is in their way, and what to do about it. */
export function describeConflict(
  device: SriovNetworkDevice,
  desired: DesiredSpec,
  policies: readonly string[],
  error: ApiError,
): string {
  const { name } = device.metadata;
  const managers = conflictingManagers(error);
  const who = managers.map((manager) => `"${manager}"${isProviderFieldManager(manager) ? PROGRAM : ""}`).join(" and ");
  const asked = desired.numVFS === undefined ? "" : ` (${desired.numVFS} VFs)`;
  const fields = fieldsOf(error);
  return (
    `${name} is not as ${asking(policies)}${asked}: ${fields.join(" and ")} ${fields.length === 1 ? "is" : "are"} owned by ` +
    `field manager ${who}. Have that owner let go of ` +
    `${fields.length === 1 ? "it" : "them"}, or take ${name} out of the ${policies.length === 1 ? "policy" : "policies"}.`
  );
}

/** `policy storage asks`, `policies backup, storage ask` */
export function asking(policies: readonly string[]): string {
  return `${namedPolicies(policies)} ${policies.length === 1 ? "asks" : "ask"}`;
}

const PROGRAM = " (a SriovNetworkDevice of a Pulumi program)";

/** `spec.numVFS`. */
function fieldsOf(error: ApiError): string[] {
  const causes = error.status.details?.causes ?? [];
  const fields = causes.flatMap(({ reason, field }) =>
    reason === "FieldManagerConflict" && field !== undefined ? [field.replace(/^\./, "")] : [],
  );
  return fields.length === 0 ? ["a field of its spec"] : [...new Set(fields)];
}
