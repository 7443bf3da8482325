import type { KubeObject, ManagedFieldsEntry, ResourceType } from "../../api/object.js";
import { quoteAll } from "./field-manager.js";

/** What has become of an object that a resource has made: whose its fields are now. */

/** A field of the spec that the resource has set, and that is others' now. */
export interface TakenField {
  /** As `kubectl explain` would have it, without the `spec.` in front: `nicSelector.vendor`. */
  readonly field: string;
  readonly owners: readonly string[];
}

/**
 * Pure: which fields of `spec`, as the resource has set it, others own now and the resource no longer.
 *
 * @param passedOver managers whose fields are nobody's loss.
 */
export function takenFields(
  { metadata }: KubeObject,
  spec: object,
  fieldManager: string,
  passedOver: readonly string[] = [],
): readonly TakenField[] {
  const entries = (metadata.managedFields ?? []).filter(({ subresource }) => subresource === undefined);
  const ownersOf = (path: Path): string[] =>
    entries.filter((entry) => covers(entry, path)).map(({ manager }) => manager ?? "unknown");
  return leavesOf(spec)
    .map((path) => ({ field: path.join("."), owners: ownersOf(path) }))
    .filter(({ owners }) => owners.length > 0 && !owners.includes(fieldManager))
    .filter(({ owners }) => owners.some((owner) => !passedOver.includes(owner)));
}

/** Pure: what there is to say of them, or nothing where there are none. `forced`: the program takes whatever can be taken. */
export function describeTaken(
  { kind }: ResourceType<KubeObject>,
  { metadata }: KubeObject,
  taken: readonly TakenField[],
  forced: boolean,
): string | undefined {
  if (taken.length === 0) return undefined;
  const place = metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`;
  const owners = quoteAll([...new Set(taken.flatMap((field) => field.owners))]);
  const [are, them] = taken.length === 1 ? ["is", "it"] : ["are", "them"];
  const fields = taken.map(({ field }) => field).join(", ");
  const found = `${kind} ${place}: ${fields} ${are} owned by field manager ${owners}, no longer by this resource.`;
  if (forced) return `${found} up takes ${them} back, since forceConflicts is true.`;
  return `${found} To take ${them} back, set forceConflicts: true, or have ${owners} let go of ${them}.`;
}

type Path = readonly string[];

/** Objects are owned field by field; lists as a whole. */
function leavesOf(value: object, path: Path = []): Path[] {
  return Object.entries(value)
    .filter(([, part]) => part !== undefined)
    .flatMap(([name, part]: [string, unknown]) => {
      const isObject = typeof part === "object" && part !== null && !Array.isArray(part);
      return isObject && Object.keys(part).length > 0 ? leavesOf(part, [...path, name]) : [[...path, name]];
    });
}

function covers({ fieldsV1 }: ManagedFieldsEntry, path: Path): boolean {
  let owned: unknown = fieldsV1?.["f:spec"];
  for (const name of path) {
    if (typeof owned !== "object" || owned === null) return false;
    const next = (owned as Readonly<Record<string, unknown>>)[`f:${name}`];
    // Nothing below: the kind's schema has it that the value is owned as a whole.
    if (next === undefined) return owned !== fieldsV1?.["f:spec"] && Object.keys(owned).length === 0;
    owned = next;
  }
  return owned !== undefined;
}
