import { isDeepStrictEqual } from "node:util";
import type { SriovNetworkDevice, SriovNetworkDeviceSpec } from "../../../api/sriov-network-device.js";
import type { DevicePlan } from "../../../plan/policies/policy-plan.js";

/** What the controller declares of a NIC: the fields that it is to own, and no others. */
export type DesiredSpec = Pick<SriovNetworkDeviceSpec, "numVFS" | "mtu" | "vfGroups">;

/** Empty groups are not declared: nobody is kept from declaring others. */
export function desiredSpec({ numVfs, mtu, vfGroups }: DevicePlan): DesiredSpec {
  return {
    ...(numVfs !== undefined && { numVFS: numVfs }),
    ...(mtu !== undefined && { mtu }),
    ...(vfGroups.length > 0 && { vfGroups }),
  };
}

/** Does the controller own just these fields, with just these values? Then there is nothing to be written. */
export function isDeclared(device: SriovNetworkDevice, desired: DesiredSpec, fieldManager: string): boolean {
  const wanted = Object.entries(desired);
  const owned = ownedFields(device, fieldManager);
  return (
    owned.length === wanted.length &&
    wanted.every(([field, value]) => owned.includes(field) && isDeepStrictEqual(valueOf(device, field), value))
  );
}

/**
 * Fields of the spec that the controller has declared, by name. The API server keeps the record, so that a controller that
 * was started anew knows them too.
 */
export function ownedFields(device: SriovNetworkDevice, fieldManager: string): readonly string[] {
  return (device.metadata.managedFields ?? [])
    .filter(({ manager, operation }) => manager === fieldManager && operation === "Apply")
    .flatMap(({ fieldsV1 }) => Object.keys(fieldsV1?.["f:spec"] ?? {}))
    .flatMap((key) => (key.startsWith("f:") ? [key.slice(2)] : []));
}

function valueOf({ spec }: SriovNetworkDevice, field: string): unknown {
  return (spec as unknown as Readonly<Record<string, unknown>>)[field];
}
