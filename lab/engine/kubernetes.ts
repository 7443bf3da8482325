import { createHash, randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { KubernetesObject, KubernetesObjectApi } from "@kubernetes/client-node";
import { EngineError, messageOf } from "./engine-error.js";
import { omit } from "./omit.js";
import { changedKeys, compare, type DetailedDiff } from "./property-diff.js";
import type { DiffRequest, Existing, Provider, ProviderDiff, ReadResult } from "./provider.js";
import { parseUrn } from "./urn.js";
import { isObject, markSecrets, plain, secret, unknownValue, contains, type Properties, type Value } from "./values.js";

/**
 * Serves `kubernetes:` resources by server-side apply. It does what the lab's programs need of Pulumi's Kubernetes
 * provider: no Helm, no YAML, no waiting for workloads to become ready (there is no kubelet), only for CRDs.
 */
export async function startKubernetesProvider(inputs: Properties): Promise<Provider> {
  const { KubeConfig, KubernetesObjectApi } = await import("@kubernetes/client-node");
  const { kubeconfig, context, namespace } = plain(inputs);
  if (kubeconfig === unknownValue) return new KubernetesProvider(undefined);
  const config = new KubeConfig();
  if (typeof kubeconfig !== "string" || kubeconfig === "") config.loadFromDefault();
  else if (existsSync(kubeconfig)) config.loadFromFile(kubeconfig);
  else config.loadFromString(kubeconfig);
  if (typeof context === "string" && context !== "") {
    if (!config.getContextObject(context)) {
      throw new EngineError(`kubernetes provider: the kubeconfig has no context '${context}'`);
    }
    config.setCurrentContext(context);
  }
  const chosen = config.getContextObject(config.getCurrentContext());
  // Where the client looks for the namespace of objects that name none.
  if (chosen && typeof namespace === "string" && namespace !== "") Object.assign(chosen, { namespace });
  return new KubernetesProvider(KubernetesObjectApi.makeApiClient(config));
}

type ApiObject = KubernetesObject & { metadata: { name: string; namespace?: string } };

const autonamed = "pulumi.com/autonamed";

class KubernetesProvider implements Provider {
  /** Undefined where the cluster isn't known yet: then only a preview can be made. */
  constructor(private readonly client: KubernetesObjectApi | undefined) {}

  check(urn: string, olds: Properties | undefined, news: Properties) {
    const { type, name } = parseUrn(urn);
    if (/Patch$|:(helm|kustomize|yaml)/.test(type)) {
      throw new EngineError(`${type} '${name}': the stand-in engine serves plain Kubernetes objects only`);
    }
    const metadata = isObject(news["metadata"]) ? news["metadata"] : {};
    const inputs: Properties = { ...kindOf(type), ...news, metadata: named(metadata, olds?.["metadata"], name) };
    for (const key of type === "kubernetes:core/v1:Secret" ? ["data", "stringData"] : []) {
      if (inputs[key] !== undefined) inputs[key] = secret(inputs[key]);
    }
    return Promise.resolve({ inputs, failures: [] });
  }

  diff({ oldInputs, newInputs }: DiffRequest): Promise<ProviderDiff> {
    const detailedDiff = compare(oldInputs, newInputs);
    const replaces = Object.keys(detailedDiff).filter((path) => forcesReplacement(path, newInputs));
    for (const path of replaces) markReplace(detailedDiff, path);
    const changed = Object.keys(detailedDiff).length > 0;
    // With the name given by the program there can't be two of them at once.
    const sameName = !replaces.some((path) => /^(metadata\.(name|namespace)|kind|apiVersion)$/.test(path));
    return Promise.resolve({
      changes: changed ? "some" : "none",
      replaces: [...new Set(replaces.map((path) => path.split(/[.[]/)[0] ?? path))],
      deleteBeforeReplace: replaces.length > 0 && sameName,
      diffs: changedKeys(detailedDiff),
      detailedDiff: changed ? detailedDiff : undefined,
    });
  }

  planned(inputs: Properties, old: Properties | undefined): Properties {
    const metadata = { ...(old?.["metadata"] as Properties | undefined), ...(inputs["metadata"] as Properties) };
    if (old) return { ...old, ...inputs, metadata };
    const given = { uid: unknownValue, resourceVersion: unknownValue, creationTimestamp: unknownValue };
    return { status: unknownValue, ...inputs, metadata: { ...given, ...metadata } };
  }

  async create(urn: string, inputs: Properties, timeout: number) {
    const live = await this.apply(urn, inputs);
    await this.established(live, timeout);
    return { id: idOf(live), outputs: outputsOf(live, inputs) };
  }

  async read({ urn, id, inputs, outputs }: Existing): Promise<ReadResult> {
    const [name = "", namespace] = id.split("/").reverse();
    const known = { ...kindOf(parseUrn(urn).type), ...plain(outputs), ...plain(inputs) };
    const metadata = { name, ...(namespace !== undefined && { namespace }) };
    const live = await this.find({ ...known, metadata });
    if (!live) return { id: "", inputs: undefined, outputs: {} };
    const found = outputsOf(live, outputs);
    // What is only ever written can't have drifted.
    const { stringData } = inputs;
    const wished =
      Object.keys(inputs).length > 0
        ? { ...(alike(inputs, found) as Properties), ...(stringData !== undefined && { stringData }) }
        : undefined;
    return { id: idOf(live), inputs: wished, outputs: found };
  }

  async update({ urn, timeout }: Existing, newInputs: Properties): Promise<Properties> {
    const live = await this.apply(urn, newInputs);
    await this.established(live, timeout);
    return outputsOf(live, newInputs);
  }

  async delete({ urn, id, inputs, timeout }: Existing): Promise<void> {
    const object = asObject(plain(inputs));
    const deleted = await this.call(
      () => `delete ${urn} (${id})`,
      (client) => client.delete(object, undefined, undefined, undefined, undefined, "Background"),
    ).catch(ignoreNotFound);
    if (deleted === undefined) return;
    const gone = async () => (await this.find(plain(inputs))) === undefined;
    if (!(await until(gone, timeout || 600))) {
      throw new EngineError(`${id} is still there ${timeout || 600} s after its deletion: a finalizer holds it`);
    }
  }

  cancel(): void {
    // Every call is short, save the wait for an object to go, which the second ^C ends.
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }

  private apply(urn: string, inputs: Properties): Promise<ApiObject> {
    const manager = `pulumi-kubernetes-${createHash("sha256").update(urn).digest("hex").slice(0, 8)}`;
    const object = asObject(plain(inputs));
    const what = () => `apply ${object.kind ?? ""} ${idOf(object)}`;
    return this.call(what, async (client) => {
      const { PatchStrategy } = await import("@kubernetes/client-node");
      const strategy = PatchStrategy.ServerSideApply;
      return client.patch<ApiObject>(object, undefined, undefined, manager, undefined, strategy);
    });
  }

  private find(properties: Properties): Promise<ApiObject | undefined> {
    const object = asObject(properties);
    return this.call(
      () => `read ${object.kind ?? ""} ${idOf(object)}`,
      (client) => client.read<ApiObject>(object),
    ).catch(ignoreNotFound);
  }

  /** Resources of a kind can be made only when the API server serves it. */
  private async established(object: ApiObject, timeout: number): Promise<void> {
    if (object.kind !== "CustomResourceDefinition") return;
    const ready = async () => {
      const live = (await this.find(object as unknown as Properties)) as
        { status?: { conditions?: Condition[] } } | undefined;
      return live?.status?.conditions?.some(({ type, status }) => type === "Established" && status === "True") ?? false;
    };
    if (!(await until(ready, timeout || 60))) {
      throw new EngineError(`CustomResourceDefinition ${idOf(object)} was applied, but is not established`);
    }
  }

  /** `what` is asked for late: the client fills in the namespace. */
  private async call<T>(what: () => string, work: (client: KubernetesObjectApi) => Promise<T>): Promise<T> {
    if (!this.client) throw new EngineError(`kubernetes provider: cannot ${what()}: its kubeconfig is not known`);
    try {
      return await work(this.client);
    } catch (error) {
      throw new ApiError(what(), error);
    }
  }
}

interface Condition {
  type: string;
  status: string;
}

class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number | undefined;

  constructor(what: string, cause: unknown) {
    super(`could not ${what}: ${answerOf(cause)}`, { cause });
    this.status = (cause as { code?: number }).code;
  }
}

function answerOf(error: unknown): string {
  const { body } = error as { body?: unknown };
  const text = typeof body === "string" ? body : JSON.stringify(body ?? {});
  try {
    const { message } = JSON.parse(text) as { message?: string };
    if (message) return message;
  } catch {
    // Not a Kubernetes Status.
  }
  return messageOf(error);
}

function ignoreNotFound(error: unknown): undefined {
  if (error instanceof ApiError && error.status === 404) return undefined;
  throw error;
}

/** `kubernetes:apps/v1:Deployment` is Deployment of apps/v1; the core group has no name. */
function kindOf(type: string): { apiVersion: string; kind: string } {
  const [, apiVersion = "", kind = ""] = type.split(":");
  return { apiVersion: apiVersion.replace(/^core\//, ""), kind };
}

/** An object without a name gets one that stays, from the resource's own and seven random digits. */
function named(metadata: Properties, old: Value | undefined, name: string): Properties {
  if (metadata["name"] !== undefined) return metadata;
  const before = isObject(old) ? old : {};
  const annotations = isObject(before["annotations"]) ? before["annotations"] : {};
  const kept = annotations[autonamed] === "true" ? before["name"] : undefined;
  const own = isObject(metadata["annotations"]) ? metadata["annotations"] : {};
  return {
    ...metadata,
    annotations: { ...own, [autonamed]: "true" },
    name: kept ?? `${name}-${randomBytes(4).toString("hex")}`,
  };
}

function forcesReplacement(path: string, inputs: Properties): boolean {
  if (/^(apiVersion|kind|metadata\.name|metadata\.namespace)$/.test(path)) return true;
  const { kind } = inputs;
  if (kind === "Deployment" || kind === "DaemonSet" || kind === "StatefulSet") return path.startsWith("spec.selector");
  if (kind === "Pod") return path.startsWith("spec") && !CHANGEABLE_OF_A_POD.test(path);
  if (kind === "ClusterRoleBinding" || kind === "RoleBinding") return path.startsWith("roleRef");
  if (kind === "Job") return path.startsWith("spec.template") || path.startsWith("spec.selector");
  return inputs["immutable"] === true && /^(data|binaryData|stringData)/.test(path);
}

/** What the API server lets somebody change of a pod that is there. */
const CHANGEABLE_OF_A_POD = /^spec\.((initC|c)ontainers\[\d+\]\.image$|activeDeadlineSeconds$|tolerations\b)/;

function markReplace(diff: DetailedDiff, path: string): void {
  const entry = diff[path];
  if (entry && !entry.diffKind.endsWith("-replace")) {
    entry.diffKind = `${entry.diffKind}-replace` as typeof entry.diffKind;
  }
}

function asObject(properties: Properties): ApiObject {
  const metadata = isObject(properties["metadata"]) ? properties["metadata"] : {};
  if (contains(properties, (node) => node === unknownValue)) {
    throw new EngineError("kubernetes provider: a property is not known yet");
  }
  return { ...omit(properties, "status"), metadata: { ...metadata } } as unknown as ApiObject;
}

function idOf({ metadata: { name, namespace } }: ApiObject): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}

function outputsOf(live: ApiObject, marks: Properties): Properties {
  const outputs = JSON.parse(JSON.stringify(live)) as Properties & { metadata: Properties };
  delete outputs.metadata["managedFields"];
  return markSecrets(outputs, marks);
}

/** The live value of what the inputs speak of, and of nothing else. */
function alike(wished: Value, live: Value | undefined): Value | undefined {
  if (Array.isArray(wished) && Array.isArray(live) && wished.length === live.length) {
    return live.map((entry, index) => alike(wished[index] ?? null, entry) ?? null);
  }
  if (!isObject(wished) || !isObject(live)) return live;
  const entries = Object.entries(wished).map(([key, value]) => [key, alike(value, live[key])] as const);
  return Object.fromEntries(entries.filter((entry): entry is [string, Value] => entry[1] !== undefined));
}

async function until(test: () => Promise<boolean>, seconds: number): Promise<boolean> {
  const end = Date.now() + seconds * 1000;
  while (!(await test())) {
    if (Date.now() >= end) return false;
    await sleep(100);
  }
  return true;
}
