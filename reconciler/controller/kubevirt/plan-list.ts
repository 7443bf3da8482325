import type { KubeVirt } from "../../../api/kubevirt.js";
import { Annotation } from "../../../api/names.js";
import type { JsonPatchStep } from "../../../kube/client.js";
import { type Entry, isRendered, keyOf, ownEntries, ownEntriesText, rendered } from "./own-entries.js";

/** What claims ask of KubeVirt's list. */
export interface Wanted {
  /** No two with the same key. */
  readonly entries: readonly Entry[];
  /** Resource names of claims whose devices are not known yet: what is there under these stays. */
  readonly undecided: ReadonlySet<string>;
}

export type ListPlan =
  | { readonly kind: "asWanted" }
  | {
      readonly kind: "change";
      /** Good for the object as it was planned upon, and for no other. */
      readonly steps: readonly JsonPatchStep[];
      readonly added: readonly Entry[];
      readonly removed: readonly Entry[];
    }
  /** Something else than an object, or a list, is at this path. */
  | { readonly kind: "unreadable"; readonly path: string };

/**
 * What is to be done to the list of devices that a KubeVirt permits. Pure. Only what the object's annotation names was
 * added by the controller; of that goes what no claim wants any more. Everything else is left where it is: steps add at the
 * end, and remove by index, so that no entry of others is even sent.
 */
export function planList(kubeVirt: KubeVirt, { entries, undecided }: Wanted): ListPlan {
  const own = ownEntries(kubeVirt);
  const place = placeOfList(kubeVirt);
  if (place.kind === "unreadable") return own.length + entries.length > 0 ? place : { kind: "asWanted" };
  const list = place.kind === "there" ? place.list : [];

  const wanted = new Set(entries.map(keyOf));
  const present = own.filter((entry) => indexIn(list, entry) >= 0);
  const isKept = (entry: Entry): boolean => wanted.has(keyOf(entry)) || undecided.has(entry.resourceName);
  const removed = present.filter((entry) => !isKept(entry));
  const added = entries.filter((entry) => !list.some((found) => permits(found, entry)));
  // What somebody has taken from the list is not the controller's any more: should he put it back, it is his.
  const ownAfter = [...present.filter(isKept), ...added];
  if (removed.length === 0 && added.length === 0 && ownAfter.length === own.length) return { kind: "asWanted" };

  const version = { op: "test", path: "/metadata/resourceVersion", value: kubeVirt.metadata.resourceVersion } as const;
  const indexes = removed.map((entry) => indexIn(list, entry)).sort((one, other) => other - one);
  const removals = indexes.map((index): JsonPatchStep => ({ op: "remove", path: pointer([...LIST, String(index)]) }));
  const steps = [version, ...removals, ...additions(place, added), ...annotationSteps(kubeVirt, ownAfter)];
  return { kind: "change", steps, added, removed };
}

/**
 * The entries of somebody else by which KubeVirt advertises itself what these ask for: under one of their names, or, since it
 * takes every device of a kind that is bound to vfio-pci, of one of their kinds under whatever name.
 */
export function contended(kubeVirt: KubeVirt, entries: readonly Entry[]): Entry[] {
  const place = placeOfList(kubeVirt);
  if (place.kind !== "there") return [];
  const names = new Set(entries.map(({ resourceName }) => resourceName));
  const selectors = new Set(entries.map(({ pciVendorSelector }) => pciVendorSelector.toUpperCase()));
  return place.list
    .filter(isEntry)
    .filter((found) => found.externalResourceProvider !== true)
    .filter((found) => names.has(found.resourceName) || selectors.has(found.pciVendorSelector.toUpperCase()))
    .map(({ pciVendorSelector, resourceName }) => ({ pciVendorSelector, resourceName }));
}

/** Does what stands there, whoever wrote it, permit the entry's devices? */
function permits(found: unknown, entry: Entry): boolean {
  return isEntry(found) && found.externalResourceProvider === true && keyOf(found) === keyOf(entry);
}

function isEntry(found: unknown): found is Entry & { readonly externalResourceProvider?: unknown } {
  return isObject(found) && typeof found["pciVendorSelector"] === "string" && typeof found["resourceName"] === "string";
}

/** Of several that are equal the first: the controller adds at the end, and only where there is none. */
function indexIn(list: readonly unknown[], entry: Entry): number {
  return list.findIndex((found) => isRendered(found, entry));
}

const LIST = ["spec", "configuration", "permittedHostDevices", "pciHostDevices"];

type Place =
  | { readonly kind: "there"; readonly list: readonly unknown[] }
  /** So many of the names on the path to it lead somewhere. */
  | { readonly kind: "absent"; readonly depth: number }
  | { readonly kind: "unreadable"; readonly path: string };

/** What others write passes no schema of this project, and a field may be null where it is allowed to. */
function placeOfList(kubeVirt: KubeVirt): Place {
  let at: unknown = kubeVirt;
  for (const [depth, name] of LIST.entries()) {
    if (!isObject(at)) return { kind: "unreadable", path: LIST.slice(0, depth).join(".") };
    at = at[name];
    if (at === undefined || at === null) return { kind: "absent", depth };
  }
  return Array.isArray(at) ? { kind: "there", list: at } : { kind: "unreadable", path: LIST.join(".") };
}

function additions(place: Place, added: readonly Entry[]): JsonPatchStep[] {
  const entries = added.map(rendered);
  if (entries.length === 0) return [];
  if (place.kind !== "absent") return entries.map((value) => ({ op: "add", path: pointer([...LIST, "-"]), value }));
  const within = LIST.slice(place.depth + 1);
  const value = within.reduceRight<unknown>((inner, name) => ({ [name]: inner }), entries);
  return [{ op: "add", path: pointer(LIST.slice(0, place.depth + 1)), value }];
}

function annotationSteps({ metadata }: KubeVirt, own: readonly Entry[]): JsonPatchStep[] {
  const { annotations } = metadata;
  const path = pointer(["metadata", "annotations", Annotation.permittedPciDevices]);
  const before = annotations?.[Annotation.permittedPciDevices];
  const value = ownEntriesText(own);
  if (value === before) return [];
  if (value === undefined) return [{ op: "remove", path }];
  if (isObject(annotations)) return [{ op: "add", path, value }];
  return [
    { op: "add", path: pointer(["metadata", "annotations"]), value: { [Annotation.permittedPciDevices]: value } },
  ];
}

/** RFC 6901 */
function pointer(names: readonly string[]): string {
  return names.map((name) => `/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
