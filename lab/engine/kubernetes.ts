import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { EngineError, messageOf } from "./engine-error.js";
import type { Severity } from "./events.js";
import { ApiError, KubernetesClient } from "./kubernetes-client.js";
import { diffObjects } from "./kubernetes-diff.js";
import { takenOver } from "./kubernetes-fields.js";
import {
  alike,
  annotation,
  asObject,
  hasUnknown,
  idOf,
  isPatchType,
  kindOf,
  outputsOf,
  withoutBookkeeping,
  type ApiObject,
} from "./kubernetes-object.js";
import { readinessOf, type Readiness, type ReadinessCheck } from "./kubernetes-readiness.js";
import { InitFailed, type DiffRequest, type Existing, type Provider, type ReadResult } from "./provider.js";
import { parseUrn } from "./urn.js";
import { isObject, plain, secret, unknownValue, type Properties, type Value } from "./values.js";

/** Tells something on a resource's row; `""` takes back what was said. */
export type RowReport = (urn: string, severity: Severity, message: string) => void;

/**
 * Serves `kubernetes:` resources in the place of Pulumi's Kubernetes provider, with its requests, waits and words as far as the
 * lab's programs meet them: no Helm, no YAML.
 */
export async function startKubernetesProvider(inputs: Properties, report: RowReport): Promise<Provider> {
  const { KubeConfig, KubernetesObjectApi } = await import("@kubernetes/client-node");
  const settings = plain(inputs);
  const { kubeconfig, context, namespace } = settings;
  if (kubeconfig === unknownValue) return new KubernetesProvider(new KubernetesClient(undefined), settings, report);
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
  return new KubernetesProvider(new KubernetesClient(KubernetesObjectApi.makeApiClient(config)), settings, report);
}

class KubernetesProvider implements Provider {
  private readonly ending = new AbortController();

  constructor(
    private readonly client: KubernetesClient,
    private readonly settings: Properties,
    private readonly report: RowReport,
  ) {}

  check(urn: string, olds: Properties | undefined, news: Properties) {
    const { type, name } = parseUrn(urn);
    if (/:(helm|kustomize|yaml)/.test(type)) {
      throw new EngineError(`${type} '${name}': the stand-in engine serves plain Kubernetes objects only`);
    }
    const metadata = isObject(news["metadata"]) ? news["metadata"] : {};
    if (isPatchType(type) && metadata["name"] === undefined) {
      throw new EngineError("patch resources require the `.metadata.name` field to be set");
    }
    const inputs: Properties = { ...kindOf(type), ...news, metadata: named(metadata, olds?.["metadata"], name) };
    for (const key of type === "kubernetes:core/v1:Secret" ? ["data", "stringData"] : []) {
      if (inputs[key] !== undefined) inputs[key] = secret(inputs[key]);
    }
    return Promise.resolve({ inputs, failures: [] });
  }

  diff({ urn, oldInputs, newInputs }: DiffRequest) {
    const mutable = { configMaps: this.isSet("enableConfigMapMutable"), secrets: this.isSet("enableSecretMutable") };
    return Promise.resolve(diffObjects(oldInputs, newInputs, isPatchType(parseUrn(urn).type), mutable));
  }

  /** What the API server would make of it; the inputs alone where it can't be asked yet, or has something of that name. */
  async preview(urn: string, inputs: Properties, old: Existing | undefined): Promise<Properties> {
    if (!this.client.isKnown || hasUnknown(inputs)) return old ? { ...old.outputs, ...inputs } : inputs;
    if (!old && isPatchType(parseUrn(urn).type)) return inputs;
    try {
      const write = old
        ? this.change(old, inputs, managerOf(old.outputs), true)
        : this.make(urn, inputs, mintManager(), true);
      const { status: _, ...outputs } = outputsOf(await write, inputs, "");
      return outputs;
    } catch (error) {
      if (!(error instanceof ApiError) || !isForLater(error)) throw error;
      return old ? { ...old.outputs, ...inputs } : inputs;
    }
  }

  async create(urn: string, inputs: Properties, timeout: number) {
    const manager = mintManager();
    const live = await this.makeInTime(urn, inputs, manager);
    const ready = await this.awaited(urn, live, timeout).catch((error: unknown) => {
      if (!(error instanceof NotReady)) throw error;
      const [first = "", ...others] = error.reasons;
      const told =
        `resource "${urn}" was successfully created, but the Kubernetes API server reported that it failed to ` +
        `fully initialize or become live: ${first}`;
      throw new InitFailed(idOf(live), outputsOf(error.live, inputs, manager), [told, ...others], inputs);
    });
    return { id: idOf(ready), outputs: outputsOf(ready, inputs, manager) };
  }

  async read({ urn, id, inputs, outputs }: Existing): Promise<ReadResult> {
    const [name = "", namespace] = id.split("/").reverse();
    const known = { ...kindOf(parseUrn(urn).type), ...withoutBookkeeping(plain(outputs)), ...plain(inputs) };
    const metadata = { name, ...(namespace !== undefined && { namespace }) };
    const live = await this.client.find(asObject({ ...known, metadata }));
    if (!live) return { id: "", inputs: undefined, outputs: {} };
    const found = outputsOf(live, inputs, managerOf(outputs));
    // What is only ever written can't have drifted.
    const { stringData } = inputs;
    const wished =
      Object.keys(inputs).length > 0
        ? { ...(alike(inputs, found) as Properties), ...(stringData !== undefined && { stringData }) }
        : undefined;
    const { ready, problems } = await this.readinessNow(live, inputs);
    if (!ready) {
      const reasons = [`Resource '${name}' was created but failed to initialize`, ...problems];
      throw new InitFailed(idOf(live), found, reasons, wished);
    }
    return { id: idOf(live), inputs: wished, outputs: found };
  }

  async update(existing: Existing, newInputs: Properties): Promise<Properties> {
    const { urn, timeout } = existing;
    const manager = managerOf(existing.outputs);
    try {
      const live = await this.change(existing, newInputs, manager, false);
      return outputsOf(await this.awaited(urn, live, timeout), newInputs, manager);
    } catch (error) {
      // The object is there, so that any failure leaves something to go on from.
      const live = error instanceof NotReady ? error.live : await this.client.find(objectOf(existing));
      if (!live) throw error;
      const [first = "", ...others] = error instanceof NotReady ? error.reasons : [messageOf(error)];
      const told = `the Kubernetes API server reported that "${idOf(live)}" failed to fully initialize or become live: ${first}`;
      throw new InitFailed(idOf(live), outputsOf(live, newInputs, manager), [told, ...others], newInputs);
    }
  }

  async delete({ urn, inputs, outputs, timeout }: Existing): Promise<void> {
    const object = asObject(plain(inputs));
    if (isPatchType(parseUrn(urn).type)) return this.relinquish(object, managerOf(outputs));
    const policy = annotation(object, "deletionPropagationPolicy")?.toLowerCase() ?? "foreground";
    const propagation = `${policy.slice(0, 1).toUpperCase()}${policy.slice(1)}`;
    if (!(await this.client.delete(object, propagation))) return;
    if (
      annotation(object, "skipAwait") === "true" &&
      ["Namespace", "DaemonSet", "Deployment", "Pod"].includes(object.kind ?? "")
    ) {
      return;
    }
    const seconds = secondsFor(object, timeout);
    const isGone: ReadinessCheck = async () => ({
      ready: (await this.client.find(object)) === undefined,
      problems: [],
    });
    await this.until(urn, object, isGone, seconds).catch((error: unknown) => {
      if (!(error instanceof NotReady)) throw error;
      throw new EngineError(`${idOf(object)} is still there ${seconds} s after its deletion: a finalizer holds it`);
    });
  }

  cancel(): void {
    this.ending.abort();
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }

  /** A kind, or a namespace, may be on its way: Pulumi's provider asks six times. */
  private async makeInTime(urn: string, inputs: Properties, manager: string): Promise<ApiObject> {
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.make(urn, inputs, manager, false);
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        this.report(urn, "info", `Retry #${attempt}; creation failed: ${error.answer}`);
        if (error.status !== 404 || attempt >= 5 || this.ending.signal.aborted) throw creationError(urn, error);
        await sleep(250 * 2 ** attempt);
      }
    }
  }

  private make(urn: string, inputs: Properties, manager: string, dryRun: boolean): Promise<ApiObject> {
    const object = asObject(plain(inputs));
    const isUpsert = this.isSet("upsertExistingObjects") || isPatchType(parseUrn(urn).type);
    if (!isUpsert) return this.client.create(object, dryRun);
    return this.apply(object, manager, { force: this.mayForce(object) || dryRun, dryRun });
  }

  private async change(
    existing: Existing,
    newInputs: Properties,
    manager: string,
    dryRun: boolean,
  ): Promise<ApiObject> {
    const object = asObject(plain(newInputs));
    const live = await this.client.find(objectOf(existing));
    if (!live) throw new EngineError(`update of ${object.kind ?? ""} ${idOf(object)} failed: it is not there any more`);
    if (object.kind === "CustomResourceDefinition") {
      const { resourceVersion } = live.metadata;
      return this.client.replace(
        { ...object, metadata: { ...object.metadata, ...(resourceVersion && { resourceVersion }) } },
        manager,
        dryRun,
      );
    }
    const owned = takenOver(live, manager);
    if (owned && !dryRun) await this.client.setManagers(owned);
    return this.apply(object, manager, { force: this.mayForce(object) || (dryRun && owned !== undefined), dryRun });
  }

  private async apply(
    object: ApiObject,
    manager: string,
    options: { force: boolean; dryRun: boolean },
  ): Promise<ApiObject> {
    return this.client.apply(object, manager, options).catch((error: unknown) => {
      if (!(error instanceof ApiError) || error.status !== 409) throw error;
      throw new EngineError(
        `${CONFLICT}\nThe resource managed by field manager "${manager}" had an apply conflict: ${error.answer}`,
      );
    });
  }

  /** An apply of nothing: the fields that nobody else owns are gone. */
  private async relinquish(
    { apiVersion, kind, metadata: { name, namespace } }: ApiObject,
    manager: string,
  ): Promise<void> {
    const nothing = { apiVersion, kind, metadata: { name, ...(namespace && { namespace }) } } as ApiObject;
    if (await this.client.find(nothing)) await this.client.apply(nothing, manager, { force: false, dryRun: false });
  }

  private mayForce(object: ApiObject): boolean {
    return this.isSet("enablePatchForce") || annotation(object, "patchForce") === "true";
  }

  private async awaited(urn: string, live: ApiObject, timeout: number): Promise<ApiObject> {
    const check = readinessOf(live, this.client);
    return check ? this.until(urn, live, check, secondsFor(live, timeout)) : live;
  }

  private async readinessNow(live: ApiObject, inputs: Properties): Promise<Readiness> {
    const waitsByKind = annotation(inputs, "waitFor") === undefined;
    const check = waitsByKind ? readinessOf(live, this.client) : undefined;
    return check ? check(live) : { ready: true, problems: [] };
  }

  /** @throws NotReady when time is up, or the operation was cancelled */
  private async until(urn: string, object: ApiObject, check: ReadinessCheck, seconds: number): Promise<ApiObject> {
    const end = Date.now() + seconds * 1000;
    const { signal } = this.ending;
    let told = "";
    for (;;) {
      const live = (await this.client.find(object)) ?? object;
      const { ready, message = "", problems } = await check(live);
      if (message !== told) this.report(urn, "info", (told = message));
      if (ready || signal.aborted || Date.now() >= end) this.report(urn, "info", "");
      if (ready) return live;
      const { name } = object.metadata;
      if (signal.aborted) throw new NotReady(live, [`Resource operation was cancelled for "${name}"`, ...problems]);
      if (Date.now() >= end) throw new NotReady(live, [`'${name}' timed out waiting to be Ready`, ...problems]);
      await sleep(100, undefined, { signal }).catch(() => undefined);
    }
  }

  private isSet(option: string): boolean {
    return this.settings[option] === true || this.settings[option] === "true";
  }
}

class NotReady extends Error {
  override readonly name = "NotReady";

  constructor(
    readonly live: ApiObject,
    readonly reasons: string[],
  ) {
    super(reasons[0]);
  }
}

const CONFLICT =
  "server-side apply field conflict detected, see https://www.pulumi.com/registry/packages/kubernetes/how-to-guides/" +
  "managing-resources-with-server-side-apply/#handle-field-conflicts-on-existing-resources for troubleshooting help";

function creationError(urn: string, error: ApiError): Error {
  if (error.kindIsUnknown) {
    const { apiVersion, kind } = kindOf(parseUrn(urn).type);
    const told =
      `creation of resource "${urn}" with kind ${apiVersion}/${kind} failed because the Kubernetes API server reported that ` +
      `the apiVersion for this resource does not exist. Verify that any required CRDs have been created: ${error.answer}`;
    return new EngineError(told, { cause: error });
  }
  const hint = error.answer.endsWith("already exists")
    ? "\n\nThe resource already exists in the cluster. A Patch resource manages fields of it, `pulumi import` adopts it, and " +
      "upsertExistingObjects on the provider lets a create update what is there."
    : "";
  const told = `resource "${urn}" was not successfully created by the Kubernetes API server: ${error.answer}${hint}`;
  return new EngineError(told, { cause: error });
}

/** What a preview can't know yet is no failure: a kind or namespace to be made, a right to come, an object to be replaced. */
function isForLater(error: ApiError): boolean {
  const { status, subject, answer, kindIsUnknown } = error;
  if (status === 404) return kindIsUnknown || subject === "namespaces";
  return status === 403 || (status === 409 && answer.endsWith("already exists"));
}

function objectOf({ inputs, outputs }: Existing): ApiObject {
  return asObject(plain({ ...withoutBookkeeping(outputs), ...inputs }));
}

function secondsFor(object: ApiObject, timeout: number): number {
  const asked = Number(annotation(object, "timeoutSeconds") ?? Number.NaN);
  if (timeout > 0) return timeout;
  return Number.isInteger(asked) ? asked : 600;
}

/** Each resource's own, and kept in the state: a name by the URN would be lost with an alias. */
function mintManager(): string {
  return `pulumi-kubernetes-${randomBytes(4).toString("hex")}`;
}

function managerOf(outputs: Properties): string {
  const manager = outputs["__fieldManager"];
  return typeof manager === "string" && manager !== "" ? manager : mintManager();
}

/** An object without a name gets one that stays, from the resource's own and eight random digits. */
function named(metadata: Properties, old: Value | undefined, name: string): Properties {
  if (metadata["name"] !== undefined) return metadata;
  const before = isObject(old) ? old : {};
  const kept = annotation({ metadata: before }, "autonamed") === "true" ? before["name"] : undefined;
  const own = isObject(metadata["annotations"]) ? metadata["annotations"] : {};
  return {
    ...metadata,
    annotations: { ...own, "pulumi.com/autonamed": "true" },
    name: kept ?? `${name}-${randomBytes(4).toString("hex")}`,
  };
}
