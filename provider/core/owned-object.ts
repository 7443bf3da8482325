import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { isProviderFieldManager } from "../../api/names.js";
import type { KubeObject, ManagedFieldsEntry, OwnerReference, ResourceType } from "../../api/object.js";
import type { KubeClient } from "../../kube/client.js";
import {
  type ApiError,
  conflictingManagers,
  isConflict,
  isKindMissing,
  isNotFound,
  isUnanswered,
  messageOf,
} from "../../kube/errors.js";
import { isMintedFrom, quoteAll } from "./field-manager.js";
import { KindMissing } from "./missing-kind.js";

/**
 * Objects that a resource makes, as opposed to those that it finds. The resource owns what it has set under a field
 * manager of its own; another resource that wants the very same, as after a rename without an alias, owns it too, and the
 * object goes with the last of them.
 */

/** What the resource wants of the object: all that it sets. */
export interface WantedObject {
  readonly name: string;
  /** Absent of kinds that have none. */
  readonly namespace?: string;
  readonly spec: Readonly<Record<string, unknown>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
}

export interface ObjectOwner {
  readonly fieldManager: string;
  readonly urn: string;
  /** Take the object, or fields of it, from whoever has them. */
  readonly force: boolean;
  /** Managers that are overruled without a word, where nobody else is in the way. */
  readonly overruled?: readonly string[];
  readonly signal?: AbortSignal | undefined;
}

/** The object, or fields of it, are somebody else's. Nothing was changed. */
export class ObjectConflict extends Error {
  override readonly name = "ObjectConflict";
}

/**
 * The object is the resource's, or may be, since no answer tells whether it was written, and what was to follow did not come
 * about. A state that is kept for nothing does less harm than an object that no state knows of.
 */
export class UnsettledWrite<T extends KubeObject> extends Error {
  override readonly name = "UnsettledWrite";

  /** @param object what was written, or was to be. */
  constructor(
    readonly object: T,
    cause: unknown,
  ) {
    super(messageOf(cause), { cause });
  }
}

/** A name for an object to which the program gives none: two resources of one name, in two stacks say, do not meet. */
export function defaultObjectName(urn: string): string {
  const name = (urn.split("::").at(-1) ?? "").toLowerCase().replace(/[^a-z0-9-]+/g, "-");
  const hash = createHash("sha256").update(urn).digest("hex").slice(0, 7);
  return `${name.replace(/^-+/, "").slice(0, 200)}-${hash}`.replace(/^-+/, "");
}

/** The managers that have set anything of the object's spec. */
export function specOwners(object: KubeObject): readonly string[] {
  return [...new Set(specEntries(object).map(({ manager }) => manager ?? "unknown"))];
}

/** The object as it is, or undefined where there is none. @throws {KindMissing}. */
export async function findObject<T extends KubeObject>(
  client: KubeClient,
  type: ResourceType<T>,
  { name, namespace }: Pick<WantedObject, "name" | "namespace">,
  signal?: AbortSignal,
): Promise<T | undefined> {
  try {
    return await client.get(type, name, { namespace, signal });
  } catch (error) {
    if (isKindMissing(error)) throw new KindMissing(type, error);
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/**
 * Makes the object. One that is there already is taken over where it is what an earlier, interrupted create of this
 * resource has left, or where another resource of Pulumi wants the very same.
 *
 * @param describe puts what is in the way into words, and what to do about it.
 * @throws {ObjectConflict} naming who has it. @throws {UnsettledWrite}
 */
export async function makeObject<T extends KubeObject>(
  client: KubeClient,
  type: ResourceType<T>,
  wanted: WantedObject,
  owner: ObjectOwner,
  describe = (_live: T, obstacle: ObjectObstacle) => describeObstacle(type, wanted, obstacle),
): Promise<T> {
  const live = await findObject(client, type, wanted, owner.signal);
  const obstacle = live && obstacleIn(live, wanted, owner.urn, owner.force);
  if (live !== undefined && obstacle !== undefined) throw new ObjectConflict(describe(live, obstacle));
  const made = await setObject(client, type, live, wanted, owner);
  try {
    await releaseForerunners(client, type, made, owner);
  } catch (error) {
    throw new UnsettledWrite(made, error);
  }
  return made;
}

/**
 * Sets what the resource wants of the object. `live` is the object as it was last seen; where it is undefined, the object
 * is made anew.
 *
 * @throws {ObjectConflict} naming whose fields it would change. @throws {UnsettledWrite}
 */
export async function setObject<T extends KubeObject>(
  client: KubeClient,
  type: ResourceType<T>,
  live: T | undefined,
  wanted: WantedObject,
  owner: ObjectOwner,
): Promise<T> {
  const { name, namespace, spec, annotations, ownerReferences } = wanted;
  // An empty map would be a value of its own, which two who want no annotation would conflict about.
  const given = annotations !== undefined && Object.keys(annotations).length > 0;
  const place = { name, ...(namespace !== undefined && { namespace }) };
  const metadata = {
    ...place,
    ...uidOf(live),
    ...(given && { annotations }),
    ...(ownerReferences !== undefined && { ownerReferences }),
  };
  const { fieldManager, signal } = owner;
  const apply = (force: boolean): Promise<T> => client.apply(type, { metadata, spec }, { fieldManager, signal, force });
  try {
    return await apply(owner.force);
  } catch (error) {
    if (isKindMissing(error)) throw new KindMissing(type, error);
    if (isUnanswered(error)) throw new UnsettledWrite({ metadata, spec } as unknown as T, error);
    // A conflict without managers is about the object's uid: it was deleted and made anew.
    if (!isConflict(error) || conflictingManagers(error).length === 0) throw error;
    const others = conflictingManagers(error);
    if (others.every((manager) => owner.overruled?.includes(manager)))
      return setObject(client, type, live, wanted, { ...owner, force: true });
    throw new ObjectConflict(conflictMessage(type, wanted, error), { cause: error });
  }
}

/** What became of an object that a resource has no more use for; `owners` have it now. */
export type Removal =
  | { readonly kind: "deleted" | "gone" }
  /** Another resource of Pulumi wants it too. */
  | { readonly kind: "released"; readonly owners: readonly string[] }
  /** Nothing of it is this resource's any more: somebody has taken it over, or made it anew. */
  | { readonly kind: "foreign"; readonly owners: readonly string[] };

/** Is the manager, among the resources of Pulumi that want the object, the only one once those of `gone` have let go of it? */
export function isLastOwner(
  live: KubeObject,
  fieldManager: string,
  gone: ReadonlySet<string> = new Set<string>(),
): boolean {
  const owners = specOwners(live);
  const others = owners.filter((owner) => owner !== fieldManager && !gone.has(owner));
  return owners.includes(fieldManager) && !others.some(isProviderFieldManager);
}

/** Deletes the object, unless it is somebody else's too: then the resource only lets go of it. */
export async function removeObject<T extends KubeObject>(
  client: KubeClient,
  type: ResourceType<T>,
  live: T | undefined,
  owner: Pick<ObjectOwner, "fieldManager" | "signal">,
): Promise<Removal> {
  if (live === undefined) return { kind: "gone" };
  const { name, namespace, uid } = live.metadata;
  const owners = specOwners(live).filter((manager) => manager !== owner.fieldManager);
  if (!hasPartOf(live, owner.fieldManager)) return { kind: "foreign", owners };
  if (owners.some(isProviderFieldManager)) {
    await releaseObject(client, type, live, owner);
    return { kind: "released", owners };
  }
  try {
    await client.delete(type, name, { namespace, uid, signal: owner.signal });
    return { kind: "deleted" };
  } catch (error) {
    // Gone meanwhile, or another object by now, which is not this resource's.
    if (isNotFound(error) || isConflict(error)) return { kind: "gone" };
    throw error;
  }
}

/** Lets go of all that the manager has set: what nobody else wants goes from the object. */
async function releaseObject<T extends KubeObject>(
  client: KubeClient,
  type: ResourceType<T>,
  live: T,
  { fieldManager, signal }: Pick<ObjectOwner, "fieldManager" | "signal">,
): Promise<void> {
  const { name, namespace } = live.metadata;
  const object = { metadata: { name, ...(namespace !== undefined && { namespace }), ...uidOf(live) } };
  await client.apply(type, object, { fieldManager, force: true, signal });
}

/** Lets go of managers that earlier, interrupted creates of the same resource have left. */
async function releaseForerunners<T extends KubeObject>(
  client: KubeClient,
  type: ResourceType<T>,
  made: T,
  owner: ObjectOwner,
): Promise<void> {
  const forerunners = specOwners(made).filter(
    (manager) => isMintedFrom(owner.urn, manager) && manager !== owner.fieldManager,
  );
  // The object stays as it is, since all of it is the owner's by now.
  for (const fieldManager of forerunners) await releaseObject(client, type, made, { ...owner, fieldManager });
}

/**
 * Why a resource cannot have an object that is there already: it is `deleted`, though not gone; all of it is `foreign`, and
 * no resource of Pulumi has set any; or one has, and wants it otherwise: a `forerunner` with the URN of this one, or another
 * resource as a `rival`.
 */
export interface ObjectObstacle {
  readonly kind: "deleted" | "foreign" | "forerunner" | "rival";
  readonly owners: readonly string[];
}

/** Pure: why a resource cannot have the object, or nothing. `force`: it takes whatever can be taken. */
export function obstacleIn(
  live: KubeObject,
  wanted: WantedObject,
  urn: string,
  force = false,
): ObjectObstacle | undefined {
  const owners = specOwners(live);
  if (live.metadata.deletionTimestamp !== undefined) return { kind: "deleted", owners };
  if (force) return undefined;
  if (!owners.some(isProviderFieldManager)) return { kind: "foreign", owners };
  if (wantsTheSame(live, wanted)) return undefined;
  return { kind: owners.every((manager) => isMintedFrom(urn, manager)) ? "forerunner" : "rival", owners };
}

function describeObstacle(
  type: ResourceType<KubeObject>,
  wanted: WantedObject,
  { kind, owners }: ObjectObstacle,
): string {
  const object = describeObject(type, wanted);
  if (kind === "deleted") return `${object} is there already, and is being deleted. Run up again once it is gone.`;
  const change = `Give this resource another name for its object, delete the one that is there, or set forceConflicts: true to take it over.`;
  if (owners.length === 0) return `${object} is there already, and nobody is on record as its owner. ${change}`;
  const owned = `it is owned by field manager ${quoteAll(owners)}`;
  if (kind === "foreign") return `${object} is there already: ${owned}. ${change}`;
  const whose =
    kind === "forerunner"
      ? `of a resource with the URN of this one: what an interrupted up has left, or a stack of the same name elsewhere`
      : `of another resource of Pulumi`;
  return `${object} is there already, and other than asked for: ${owned}, ${whose}. ${change}`;
}

/** Whether resources of Pulumi have set the same as is wanted, no less and no more. */
function wantsTheSame(live: KubeObject, wanted: WantedObject): boolean {
  const spec = (live as { readonly spec?: Readonly<Record<string, unknown>> }).spec ?? {};
  const names = Object.keys(wanted.spec);
  const annotations = Object.entries(wanted.annotations ?? {});
  // One that is not there yet contradicts nobody.
  if (annotations.some(([name, value]) => (live.metadata.annotations?.[name] ?? value) !== value)) return false;
  return specEntries(live)
    .filter(({ manager }) => isProviderFieldManager(manager ?? ""))
    .every(({ fieldsV1 }) => {
      const theirs = Object.keys(fieldsV1?.["f:spec"] ?? {}).filter((key) => key.startsWith("f:"));
      return (
        theirs.length === names.length &&
        names.every((name) => theirs.includes(`f:${name}`) && isDeepStrictEqual(spec[name], wanted.spec[name]))
      );
    });
}

/** Whose fields are in the way, and what to do about it. */
function conflictMessage(type: ResourceType<KubeObject>, wanted: WantedObject, error: ApiError): string {
  const causes = error.status.details?.causes ?? [];
  const fields = [
    ...new Set(causes.map(({ field }) => field?.replace(/^\./, "")).filter((field) => field !== undefined)),
  ];
  const owners = quoteAll(conflictingManagers(error));
  const owned = `${fields.join(", ")} ${fields.length === 1 ? "is" : "are"} owned by field manager ${owners}`;
  return (
    `${describeObject(type, wanted)}: ${owned} with another value, so nothing was changed. Set forceConflicts: true to ` +
    `take it over, or have ${owners} let go of it.`
  );
}

function describeObject(
  { kind }: ResourceType<KubeObject>,
  { name, namespace }: Pick<WantedObject, "name" | "namespace">,
): string {
  return `${kind} ${namespace === undefined ? "" : `${namespace}/`}${name}`;
}

/** Whether anything of the object is still as the manager has set it: an annotation will do, where others took the spec. */
function hasPartOf({ metadata }: KubeObject, fieldManager: string): boolean {
  return (metadata.managedFields ?? []).some(({ manager }) => manager === fieldManager);
}

function specEntries(object: KubeObject): readonly ManagedFieldsEntry[] {
  return (object.metadata.managedFields ?? []).filter(
    ({ fieldsV1, subresource }) => fieldsV1?.["f:spec"] !== undefined && subresource === undefined,
  );
}

/** With its uid, an object that vanished is not made anew by accident. */
function uidOf(live: KubeObject | undefined): { readonly uid?: string } {
  return live?.metadata.uid === undefined ? {} : { uid: live.metadata.uid };
}
