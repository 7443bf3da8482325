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
  return (
    `${name} is not as ${namedPolicies(policies)} asks${asked}: ${fieldsOf(error).join(" and ")} is owned by field manager ${who}, ` +
    `which has set ${device.spec.numVFS ?? 0} VFs. Have that owner let go of it, or take ${name} out of the policy.`
  );
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
