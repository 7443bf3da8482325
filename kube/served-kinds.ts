import type { KubeObject, ResourceType } from "../api/object.js";
import type { KubeClient } from "./client.js";
import { isForbidden } from "./errors.js";

export interface ServedKindsOptions {
  /** How often to ask. Default 60,000. */
  readonly intervalMs?: number;
  /** Called when the API server does not say which kinds it serves: once for each run of failures. */
  readonly onError?: (error: unknown) => void;
}

/** How soon the API server is asked again that has not answered even once; doubles up to the interval. */
const FIRST_RETRY_MS = 1_000;

/** The aggregated form where the server has it (1.27 and later); an older one answers with the groups' names alone. */
const ACCEPT = ["v2", "v2beta1"]
  .map((version) => `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`)
  .concat("application/json")
  .join(",");

/**
 * Which kinds the API server has, for those that a cluster may lack: one read at the start and one a minute for all of
 * them together, with nothing but a 304 as answer where nothing was installed or removed.
 */
export class ServedKinds {
  private readonly listeners = new Set<() => void>();
  private readonly stopping = new AbortController();
  private names: Names | undefined;
  private etag: string | undefined;
  private looking: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private retryMs = FIRST_RETRY_MS;
  private failing = false;

  constructor(
    private readonly client: KubeClient,
    private readonly options: ServedKindsOptions = {},
  ) {}

  /** Begins to ask. Idempotent. Never keeps the process alive. */
  start(): this {
    if (this.timer === undefined && this.looking === undefined) void this.look();
    return this;
  }

  /**
   * Whether the kind may be had, as far as the last answer says; undefined before the first. True is no promise where the
   * server is old, or does not let us ask: then a list tells, with 404.
   */
  serves({ apiVersion, plural }: ResourceType<KubeObject>): boolean | undefined {
    if (this.names === undefined) return undefined;
    return this.names === "any" || this.names.has(apiVersion) || this.names.has(`${apiVersion}/${plural}`);
  }

  /** Asks now, or joins whoever is asking. Resolves when it was answered, or failed. */
  look(): Promise<void> {
    this.looking ??= this.ask().finally(() => (this.looking = undefined));
    return this.looking;
  }

  /** Calls `listener` after every answer, the same one as before included, until the returned function is called. */
  onAnswer(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    clearTimeout(this.timer);
    await this.looking;
  }

  private async ask(): Promise<void> {
    clearTimeout(this.timer);
    try {
      const request = { method: "GET", path: "/apis", accept: ACCEPT, ifNoneMatch: this.etag } as const;
      const answer = await this.client.revalidate({ ...request, signal: this.stopping.signal });
      if (answer.changed) {
        this.names = namesIn(answer.body);
        this.etag = answer.etag;
      }
      this.failing = false;
    } catch (error) {
      if (this.stopping.signal.aborted) return;
      if (!this.failing) this.options.onError?.(error);
      this.failing = true;
      if (isForbidden(error)) this.names = "any";
    }
    this.askLater();
    if (this.names !== undefined) for (const listener of [...this.listeners]) listener();
  }

  private askLater(): void {
    const { intervalMs = 60_000 } = this.options;
    const ms = this.names === undefined ? this.retryMs : intervalMs;
    this.retryMs = Math.min(this.retryMs * 2, intervalMs);
    if (!this.stopping.signal.aborted) this.timer = setTimeout(() => void this.look(), ms).unref();
  }
}

/** `group/version/plural` of each kind, and `group/version` of those whose kinds are not told; "any": nothing is told. */
type Names = ReadonlySet<string> | "any";

interface Discovery {
  readonly kind?: string;
  /** Of an APIGroupDiscoveryList. */
  readonly items?: readonly {
    readonly metadata: { readonly name: string };
    readonly versions?: readonly {
      readonly version: string;
      readonly resources?: readonly { readonly resource: string }[];
      /** `Stale`: its own server did not answer, so that the resources may be missing. */
      readonly freshness?: string;
    }[];
  }[];
  /** Of an APIGroupList. */
  readonly groups?: readonly { readonly versions: readonly { readonly groupVersion: string }[] }[];
}

function namesIn(body: unknown): Names {
  const { items = [], groups = [] } = body as Discovery;
  const names = new Set(groups.flatMap(({ versions }) => versions.map(({ groupVersion }) => groupVersion)));
  for (const { metadata, versions = [] } of items) {
    for (const { version, resources = [], freshness } of versions) {
      const groupVersion = `${metadata.name}/${version}`;
      if (freshness === "Stale") names.add(groupVersion);
      for (const { resource } of resources) names.add(`${groupVersion}/${resource}`);
    }
  }
  return names;
}
