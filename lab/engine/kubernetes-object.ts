import { EngineError } from "./engine-error.js";
import { omit } from "./omit.js";
import { contains, isObject, markSecrets, unknownValue, type Properties, type Value } from "./values.js";

/** An object of a cluster, as the API server takes and gives it. */
export interface ApiObject {
  apiVersion?: string;
  kind?: string;
  metadata: Metadata;
  spec?: Properties;
  status?: Properties & { conditions?: Condition[] };
}

export interface Metadata {
  name: string;
  namespace?: string;
  uid?: string;
  generation?: number;
  resourceVersion?: string;
  annotations?: Record<string, string>;
  ownerReferences?: { uid: string }[];
  managedFields?: ManagedFields[];
}

/** Which fields somebody owns, as the API server keeps it. */
export interface ManagedFields {
  manager?: string;
  operation?: string;
  apiVersion?: string;
  fieldsType?: string;
  fieldsV1?: Fields;
  subresource?: string;
}

export interface Fields {
  [key: string]: Fields;
}

export interface Condition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
  observedGeneration?: number;
}

/** `kubernetes:apps/v1:Deployment` is Deployment of apps/v1; the core group has no name, and a patch is of what it patches. */
export function kindOf(type: string): { apiVersion: string; kind: string } {
  const [, apiVersion = "", kind = ""] = type.split(":");
  return {
    apiVersion: apiVersion.replace(/^core\//, ""),
    kind: isPatchType(type) ? kind.slice(0, -"Patch".length) : kind,
  };
}

/** A resource that owns some fields of an object which may be others' too. */
export function isPatchType(type: string): boolean {
  return /^kubernetes:[^:]+:\w+Patch$/.test(type);
}

/** @throws EngineError where something isn't known yet */
export function asObject(properties: Properties): ApiObject {
  const metadata = isObject(properties["metadata"]) ? properties["metadata"] : {};
  if (hasUnknown(properties)) throw new EngineError("kubernetes provider: a property is not known yet");
  return { ...withoutBookkeeping(omit(properties, "status")), metadata: { ...metadata } } as unknown as ApiObject;
}

export function hasUnknown(properties: Properties): boolean {
  return contains(properties, (node) => node === unknownValue);
}

/** `namespace/name`, or the name of what is in no namespace. */
export function idOf({ metadata: { name, namespace } }: ApiObject): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}

/** Of those that begin with `pulumi.com/`. */
export function annotation(object: { metadata?: unknown }, name: string): string | undefined {
  const metadata = object.metadata as Value | undefined;
  const annotations = isObject(metadata) ? metadata["annotations"] : undefined;
  const value = isObject(annotations) ? annotations[`pulumi.com/${name}`] : undefined;
  return typeof value === "string" ? value : undefined;
}

/** What the state keeps of a live object. The field manager goes with it: a name by the URN would be lost with an alias. */
export function outputsOf(live: ApiObject, inputs: Properties, manager: string): Properties {
  const outputs = JSON.parse(JSON.stringify(live)) as Properties & { metadata: Properties };
  delete outputs.metadata["managedFields"];
  const known = withoutBookkeeping(inputs);
  const bookkeeping = { __fieldManager: manager, __initialApiVersion: live.apiVersion ?? "", __inputs: known };
  return { ...markSecrets(outputs, known), ...bookkeeping };
}

export function withoutBookkeeping(properties: Properties): Properties {
  return Object.fromEntries(Object.entries(properties).filter(([key]) => !key.startsWith("__")));
}

/** The live value of what the inputs speak of, and of nothing else. */
export function alike(wished: Value, live: Value | undefined): Value | undefined {
  if (Array.isArray(wished) && Array.isArray(live) && wished.length === live.length) {
    return live.map((entry, index) => alike(wished[index] ?? null, entry) ?? null);
  }
  if (!isObject(wished) || !isObject(live)) return live;
  const entries = Object.entries(wished).map(([key, value]) => [key, alike(value, live[key])] as const);
  return Object.fromEntries(entries.filter((entry): entry is [string, Value] => entry[1] !== undefined));
}
