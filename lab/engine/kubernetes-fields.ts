import { CREATOR } from "./kubernetes-client.js";
import type { ApiObject, Fields, ManagedFields } from "./kubernetes-object.js";

/**
 * The live object with the fields of whoever created it, or applied it by `kubectl`, given to `manager`; undefined where there are
 * none. An object is created under a name that all resources share: without this, its first update would conflict with itself.
 */
export function takenOver(live: ApiObject, manager: string): ApiObject | undefined {
  const entries = live.metadata.managedFields ?? [];
  const taken = entries.filter(isTakenOver);
  if (taken.length === 0) return undefined;
  const isOwn = (entry: ManagedFields): boolean => entry.manager === manager && entry.operation === "Apply";
  const own = entries.find(isOwn);
  const fieldsV1 = [...(own ? [own] : []), ...taken].map((entry) => entry.fieldsV1 ?? {}).reduce(union);
  const merged: ManagedFields = { ...(own ?? taken[0]), manager, operation: "Apply", fieldsV1 };
  const others = entries.filter((entry) => !isTakenOver(entry) && !isOwn(entry));
  const { name, namespace, resourceVersion } = live.metadata;
  const metadata = { name, ...(namespace && { namespace }), ...(resourceVersion && { resourceVersion }) };
  return { ...live, metadata: { ...metadata, managedFields: [...others, merged] } };
}

function isTakenOver({ manager, operation, subresource }: ManagedFields): boolean {
  if (subresource) return false;
  if (operation === "Update") return manager === CREATOR || manager === "kubectl" || manager === "before-first-apply";
  return manager === "kubectl";
}

function union(a: Fields, b: Fields): Fields {
  const both = Object.entries(b).map(([key, value]) => [key, a[key] ? union(a[key], value) : value] as const);
  return { ...a, ...Object.fromEntries(both) };
}
