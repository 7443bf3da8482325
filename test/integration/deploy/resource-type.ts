import type { KubeObject, ResourceType } from "../../../api/object.js";

/** What a client must know of an object's kind, by Kubernetes' own rule for plurals. */
export function resourceTypeOf({ apiVersion, kind, metadata }: KubeObject): ResourceType<KubeObject> {
  if (apiVersion === undefined || kind === undefined) throw new Error(`${metadata.name} has no kind`);
  const plural = `${kind.toLowerCase()}s`.replace(/ys$/, "ies");
  return { apiVersion, kind, plural, namespaced: metadata.namespace !== undefined };
}
