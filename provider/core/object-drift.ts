import type { Condition, KubeObject, ManagedFieldsEntry, ResourceType } from "../../api/object.js";
import { quoteAll } from "./field-manager.js";
import type { Operation } from "./resource.js";

/** What has become of an object that a resource has made: whose its fields are now, and whether it is carried out. */

/** What a refresh leaves in the state of any resource that owns fields of its object. */
export interface Drifted {
  /** Fields of the spec that were the resource's and are others' now. The next update owns them again, where it may. */
  readonly taken?: readonly string[];
}

/** The state of a resource, as far as its ownership goes. Without a manager it only looks, or was imported. */
interface Ownership {
  readonly fieldManager?: string;
  readonly forceConflicts?: boolean;
}

/**
 * Warns of fields of `spec`, as the resource has set it, that others own now, and answers what the state is to know of it.
 *
 * @param passedOver managers whose fields are nobody's loss.
 */
export function tellTaken(
  { log }: Pick<Operation, "log">,
  type: ResourceType<KubeObject>,
  live: KubeObject,
  spec: object,
  { fieldManager, forceConflicts = false }: Ownership,
  passedOver: readonly string[] = [],
): Drifted {
  const taken = fieldManager === undefined ? [] : takenFields(live, spec, fieldManager, passedOver);
  const words = describeTaken(type, live, taken, forceConflicts);
  if (words !== undefined) log.warn(words);
  return taken.length === 0 ? {} : { taken: taken.map(({ field }) => field) };
}

/** Warns that the object is not carried out, where it is the resource's own. `ready`: the words of who is to do so. */
export function tellUnready(
  { log }: Pick<Operation, "log">,
  type: ResourceType<KubeObject>,
  live: KubeObject,
  ready: Condition | undefined,
  { fieldManager }: Ownership,
): void {
  if (fieldManager === undefined) return;
  const why =
    ready === undefined || ready.status === "True" ? "" : ` (${ready.reason}: ${ready.message.replace(/\.$/, "")})`;
  log.warn(`${describeObject(type, live)} is not carried out now${why}. up waits until it is.`);
}

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
  type: ResourceType<KubeObject>,
  object: KubeObject,
  taken: readonly TakenField[],
  forced: boolean,
): string | undefined {
  if (taken.length === 0) return undefined;
  const owners = quoteAll([...new Set(taken.flatMap((field) => field.owners))]);
  const [are, them] = taken.length === 1 ? ["is", "it"] : ["are", "them"];
  const fields = taken.map(({ field }) => field).join(", ");
  const found = `${describeObject(type, object)}: ${fields} ${are} owned by field manager ${owners}, no longer by this resource.`;
  if (forced) return `${found} up takes ${them} back, since forceConflicts is true.`;
  return `${found} To take ${them} back, set forceConflicts: true, or have ${owners} let go of ${them}.`;
}

function describeObject({ kind }: ResourceType<KubeObject>, { metadata }: KubeObject): string {
  const { name, namespace } = metadata;
  return `${kind} ${namespace === undefined ? name : `${namespace}/${name}`}`;
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
