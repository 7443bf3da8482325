import type { KubeObject, ResourceType } from "../api/object.js";
import { type ClusterAccess, type ClusterConfig, loadClusterConfig } from "./config.js";
import { DeadlineExceeded } from "./deadline.js";
import { ConfigError, ConnectionError, messageOf } from "./errors.js";
import { readLines } from "./lines.js";
import { BRIEF, PATIENT, pause, pauseBefore } from "./retries.js";
import { openTransport, type OnRequest, type Request, type Revalidated, type Transport } from "./transport.js";

/** A change of one object, or a bookmark, as a watch delivers it. */
export interface WatchEvent<T extends KubeObject> {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  readonly object: T;
}

export interface ObjectList<T extends KubeObject> {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
  readonly items: readonly T[];
}

export interface Selector {
  readonly namespace?: string | undefined;
  readonly labels?: Readonly<Record<string, string>>;
  readonly fields?: Readonly<Record<string, string>>;
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number;
}

export interface ApplyOptions extends CallOptions {
  readonly fieldManager: string;
  /** Takes fields from other managers instead of failing with a conflict. Default false. */
  readonly force?: boolean;
  readonly subresource?: "status";
}

export interface WriteOptions extends CallOptions {
  readonly fieldManager: string;
  readonly subresource?: "status";
}

/** `path`: a JSON pointer (RFC 6901). */
export type JsonPatchStep =
  | { readonly op: "add" | "replace" | "test"; readonly path: string; readonly value: unknown }
  | { readonly op: "remove"; readonly path: string };

/** Desired parts of one object. `metadata.uid`, where given, keeps a vanished object from being made anew. */
export interface ApplyConfiguration {
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

/** Typed access to the objects of one cluster. Every method throws {@link ApiError} or {@link ConnectionError}, in words. */
export class KubeClient {
  constructor(
    readonly config: ClusterConfig,
    userAgent = "pulumi-sriov",
    onRequest?: OnRequest,
    private readonly transport: Transport = openTransport(config, userAgent, onRequest),
    /** Of the one piece of work that this client is for, if it is for one. */
    private readonly work?: AbortSignal,
  ) {}

  /** @throws {ConfigError} */
  static open(access: ClusterAccess = {}, userAgent?: string, onRequest?: OnRequest): KubeClient {
    return new KubeClient(loadClusterConfig(access), userAgent, onRequest);
  }

  /**
   * The same connections for one piece of work: each of its requests ends when `signal` aborts, and is tried again more
   * patiently until then. Where that is a deadline ({@link DeadlineExceeded}), the error says which request it cut short.
   */
  within(signal: AbortSignal): KubeClient {
    return new KubeClient(this.config, undefined, undefined, this.transport, signal);
  }

  async get<T extends KubeObject>(
    type: ResourceType<T>,
    name: string,
    options: CallOptions & Selector = {},
  ): Promise<T> {
    return (await this.send({ method: "GET", path: pathOf(type, options.namespace, name), ...call(options) })) as T;
  }

  async list<T extends KubeObject>(
    type: ResourceType<T>,
    options: CallOptions & Selector = {},
  ): Promise<ObjectList<T>> {
    const path = pathOf(type, options.namespace) + query(selectors(options));
    return (await this.send({ method: "GET", path, ...call(options) })) as ObjectList<T>;
  }

  async create<T extends KubeObject>(type: ResourceType<T>, object: T, options: WriteOptions): Promise<T> {
    const path = pathOf(type, object.metadata.namespace) + query({ fieldManager: options.fieldManager });
    const body = { apiVersion: type.apiVersion, kind: type.kind, ...object };
    return (await this.send({ method: "POST", path, body, ...call(options) })) as T;
  }

  /** Server-side apply: sets what `object` has, lets go of what this manager set before and `object` lacks. */
  // A type parameter, so that `object` may have any further fields.
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters
  async apply<T extends KubeObject, A extends ApplyConfiguration>(
    type: ResourceType<T>,
    object: A,
    options: ApplyOptions,
  ): Promise<T> {
    const path =
      pathOf(type, object.metadata.namespace, object.metadata.name, options.subresource) +
      query({ fieldManager: options.fieldManager, force: String(options.force ?? false) });
    const body = { apiVersion: type.apiVersion, kind: type.kind, ...object };
    const contentType = "application/apply-patch+yaml";
    return (await this.send({ method: "PATCH", path, body, contentType, ...call(options) })) as T;
  }

  /** JSON merge patch: sets what `patch` has, removes what it has as null. */
  async merge<T extends KubeObject>(
    type: ResourceType<T>,
    name: string,
    patch: Readonly<Record<string, unknown>>,
    options: WriteOptions & { readonly namespace?: string | undefined },
  ): Promise<T> {
    const path =
      pathOf(type, options.namespace, name, options.subresource) + query({ fieldManager: options.fieldManager });
    const contentType = "application/merge-patch+json";
    return (await this.send({ method: "PATCH", path, body: patch, contentType, ...call(options) })) as T;
  }

  /**
   * JSON patch (RFC 6902): all of its steps or none. One that does not fit the object as it is, a `test` that fails above
   * all, is answered as what is invalid is: see {@link isInvalid}.
   */
  async jsonPatch<T extends KubeObject>(
    type: ResourceType<T>,
    name: string,
    steps: readonly JsonPatchStep[],
    options: WriteOptions & { readonly namespace?: string },
  ): Promise<T> {
    const path =
      pathOf(type, options.namespace, name, options.subresource) + query({ fieldManager: options.fieldManager });
    const contentType = "application/json-patch+json";
    return (await this.send({ method: "PATCH", path, body: steps, contentType, ...call(options) })) as T;
  }

  /** `uid`, where given, keeps an object that was made anew under the same name. */
  async delete(
    type: ResourceType<KubeObject>,
    name: string,
    options: CallOptions & { readonly namespace?: string | undefined; readonly uid?: string | undefined } = {},
  ): Promise<void> {
    const body = {
      apiVersion: "v1",
      kind: "DeleteOptions",
      propagationPolicy: "Background",
      ...(options.uid === undefined ? {} : { preconditions: { uid: options.uid } }),
    };
    await this.send({ method: "DELETE", path: pathOf(type, options.namespace, name), body, ...call(options) });
  }

  /** Changes since `resourceVersion`, until the server ends the watch, nothing comes for `idleMs`, or `signal` aborts. */
  async *watch<T extends KubeObject>(
    type: ResourceType<T>,
    options: Selector & { readonly resourceVersion: string; readonly signal: AbortSignal; readonly idleMs: number },
  ): AsyncGenerator<WatchEvent<T>> {
    const path =
      pathOf(type, options.namespace) +
      query({
        ...selectors(options),
        watch: "true",
        allowWatchBookmarks: "true",
        resourceVersion: options.resourceVersion,
        timeoutSeconds: String(240 + Math.floor(Math.random() * 120)),
      });
    const response = await this.transport.stream({ method: "GET", path, signal: options.signal, timeoutMs: 10_000 });
    for await (const line of readLines(response, { signal: options.signal, idleMs: options.idleMs })) {
      yield JSON.parse(line) as WatchEvent<T>;
    }
  }

  /** Any request that no method here covers. Query and body as the API documents them. */
  async raw(request: Request): Promise<unknown> {
    return this.send(request);
  }

  /**
   * This machine's IP address on the connection that brought the last answer of the API server, or of a proxy before it;
   * undefined before the first.
   */
  localAddress(): string | undefined {
    return this.transport.localAddress();
  }

  /** A read of something that rarely changes; tried once, since whoever asks so asks again and again. */
  async revalidate(request: Request): Promise<Revalidated> {
    return this.transport.revalidate(request);
  }

  /** That the deadline came before the answer, and whose: the API server's, or that of a plugin that is to give credentials for it. */
  overdue({ moreTime }: DeadlineExceeded, asked = "", said = ""): Error {
    const plugin = this.transport.awaitedPlugin();
    // Nothing was sent.
    if (plugin !== undefined) return new ConfigError(`${plugin} did not answer in time. ${moreTime}`.trim());
    const message = `the API server ${this.config.server} did not answer ${asked}in time${said}. ${moreTime}`;
    return new ConnectionError(message.trim(), "ETIMEDOUT");
  }

  /** Ends kept-alive connections; requests under way fail. */
  close(): void {
    this.transport.close();
  }

  /** What may be repeated is tried again where the answer may change by itself. */
  private async send(asked: Request): Promise<unknown> {
    const signal = this.signalOf(asked.signal);
    const request = { ...asked, signal };
    let last: unknown;
    for (let failures = 1; ; failures++) {
      try {
        return await this.transport.send(request);
      } catch (error) {
        if (signal?.aborted) throw this.cutShort(request, last) ?? error;
        const patience = this.work === undefined ? BRIEF : PATIENT;
        const ms = pauseBefore(error, isIdempotent(request), failures, patience);
        if (ms === undefined) throw error;
        last = error;
        await pause(ms, signal);
      }
    }
  }

  private signalOf(given: AbortSignal | undefined): AbortSignal | undefined {
    if (this.work === undefined || given === undefined || given === this.work) return given ?? this.work;
    return AbortSignal.any([given, this.work]);
  }

  /** A deadline in words, with what the server answered last, if it did; undefined: aborted for another reason. */
  private cutShort({ method, path, signal }: Request, last: unknown): Error | undefined {
    const reason: unknown = signal?.reason;
    if (!(reason instanceof DeadlineExceeded)) return undefined;
    const said = last === undefined ? "" : `; it was tried again, last with: ${messageOf(last).replace(/\.$/, "")}`;
    return this.overdue(reason, `${method} ${path.split("?")[0] ?? ""} `, said);
  }
}

/** Of applies and of deletes of one certain object the second does nothing that the first has not done. */
function isIdempotent({ method, contentType, body }: Request): boolean {
  if (method === "GET" || contentType === "application/apply-patch+yaml") return true;
  return method === "DELETE" && (body as { readonly preconditions?: unknown } | undefined)?.preconditions !== undefined;
}

function pathOf(type: ResourceType<KubeObject>, namespace?: string, name?: string, subresource?: string): string {
  const root = type.apiVersion.includes("/") ? `/apis/${type.apiVersion}` : `/api/${type.apiVersion}`;
  const parts = [root];
  if (type.namespaced && namespace !== undefined) parts.push("namespaces", encodeURIComponent(namespace));
  parts.push(type.plural);
  if (name !== undefined) parts.push(encodeURIComponent(name));
  if (subresource !== undefined) parts.push(subresource);
  return parts.join("/");
}

function selectors(selector: Selector): Record<string, string> {
  const join = (pairs: Readonly<Record<string, string>>): string =>
    Object.entries(pairs)
      .map(([key, value]) => `${key}=${value}`)
      .join(",");
  return {
    ...(selector.labels === undefined ? {} : { labelSelector: join(selector.labels) }),
    ...(selector.fields === undefined ? {} : { fieldSelector: join(selector.fields) }),
  };
}

function query(parameters: Readonly<Record<string, string>>): string {
  const text = new URLSearchParams(parameters).toString();
  return text === "" ? "" : `?${text}`;
}

function call(options: CallOptions): Pick<Request, "signal" | "timeoutMs"> {
  return {
    signal: options.signal,
    ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
  };
}
