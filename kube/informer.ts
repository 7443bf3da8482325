import type { KubeObject, ResourceType } from "../api/object.js";
import type { KubeClient, Selector } from "./client.js";
import { ApiError, isExpired } from "./errors.js";
import { growingPause, pause } from "./retries.js";

/** What happened to one object. `previous` is what the informer knew of it before. */
export type Change<T extends KubeObject> =
  | { readonly kind: "set"; readonly object: T; readonly previous: T | undefined }
  | { readonly kind: "gone"; readonly object: T };

export interface InformerOptions<T extends KubeObject = KubeObject> extends Selector {
  /**
   * What to hold of each object, where memory matters; default: all of it. It must keep name, namespace, uid and
   * resource version.
   */
  readonly keep?: (object: T) => T;
  /** Called once for every list or watch that failed; the informer goes on by itself. */
  readonly onError?: (error: unknown) => void;
  /** Give up at the first failure: `synced` rejects with it. Default false: try until it works. */
  readonly failFast?: boolean;
  /** After this long with nothing from the server, bookmarks included, all is listed anew. Default 120,000. */
  readonly idleMs?: number;
}

const MOST_PAUSE_MS = 10_000;

/**
 * A copy of a cluster's objects of one kind, kept current by list and watch. It survives dropped watches (goes on from
 * the last resource version), 410 Gone (lists anew and works out what changed meanwhile), API server restarts
 * (tries again with growing pauses) and data that was restored from an earlier time. Listeners are called in the order of the changes.
 */
export class Informer<T extends KubeObject> {
  private readonly objects = new Map<string, T>();
  private readonly listeners = new Set<(change: Change<T>) => void>();
  private readonly first = Promise.withResolvers<undefined>();
  private readonly stopping = new AbortController();
  private resourceVersion: string | undefined;
  private isSynced = false;
  private running: Promise<void> | undefined;

  constructor(
    private readonly client: KubeClient,
    private readonly type: ResourceType<T>,
    private readonly options: InformerOptions<T> = {},
  ) {
    // Whoever awaits `synced` sees the failure; where nobody does, it is no unhandled rejection.
    this.first.promise.catch(() => undefined);
  }

  /** Begins to list and watch. Idempotent. */
  start(): this {
    this.running ??= this.run();
    return this;
  }

  /** Resolves after the first list; rejects by `stop`, and by the first failure where `failFast` is set. */
  get synced(): Promise<undefined> {
    return this.first.promise;
  }

  /** Whether the first list is there. */
  get hasSynced(): boolean {
    return this.isSynced;
  }

  get(name: string, namespace?: string): T | undefined {
    return this.objects.get(key(name, namespace));
  }

  list(): T[] {
    return [...this.objects.values()];
  }

  /** Takes in what a write of this process has returned, without waiting for the watch to tell. */
  observe(object: T): void {
    // Of an object that is not there although the watch is past this version, the watch has told the end already.
    if (!this.objects.has(keyOf(object)) && !isNewerThan(object, this.resourceVersion)) return;
    this.set(object);
  }

  /** Takes note that this process has deleted the object. */
  forget(object: T): void {
    if (this.objects.get(keyOf(object))?.metadata.uid === object.metadata.uid) this.remove(object);
  }

  /** Calls `listener` at every change from now on, until the returned function is called. */
  onChange(listener: (change: Change<T>) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    this.first.reject(new Error("stopped"));
    await this.running;
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    for (let failures = 0; !signal.aborted;) {
      try {
        if (this.resourceVersion === undefined) await this.relist();
        const since = Date.now();
        await this.follow();
        // A server that ends every watch at once must not be asked in a tight loop.
        failures = Date.now() - since > 1_000 ? 0 : failures + 1;
        if (failures > 1) await pause(growingPause(failures, MOST_PAUSE_MS), signal);
      } catch (error) {
        if (this.isStopped()) return;
        if (isExpired(error)) this.resourceVersion = undefined;
        else this.options.onError?.(error);
        if (!this.isSynced && this.options.failFast === true) {
          this.first.reject(error);
          return;
        }
        await pause(growingPause(++failures, MOST_PAUSE_MS), signal);
      }
    }
  }

  private isStopped(): boolean {
    return this.stopping.signal.aborted;
  }

  private async relist(): Promise<void> {
    const list = await this.client.list(this.type, { ...this.options, signal: this.stopping.signal });
    const seen = new Set(list.items.map(keyOf));
    for (const [name, object] of this.objects) if (!seen.has(name)) this.remove(object);
    for (const object of list.items) this.replace(object);
    this.resourceVersion = list.metadata.resourceVersion;
    this.isSynced = true;
    this.first.resolve(undefined);
  }

  private async follow(): Promise<void> {
    const { signal } = this.stopping;
    const resourceVersion = this.resourceVersion ?? "0";
    const idleMs = this.options.idleMs ?? 120_000;
    let heard = Date.now();
    const { namespace, labels, fields } = this.options;
    const selector = { ...(labels && { labels }), ...(fields && { fields }), namespace };
    for await (const event of this.client.watch(this.type, { ...selector, resourceVersion, signal, idleMs })) {
      heard = Date.now();
      if (event.type === "ERROR") throw watchError(event.object);
      if (event.type === "DELETED") this.removeUnlessNewer(event.object);
      else if (event.type !== "BOOKMARK") this.set(event.object);
      this.resourceVersion = event.object.metadata.resourceVersion ?? this.resourceVersion;
    }
    // A server whose data was put back to an earlier time, from a backup say, waits for this version in silence.
    if (Date.now() - heard >= idleMs) this.resourceVersion = undefined;
  }

  private set(object: T): void {
    const known = this.objects.get(keyOf(object));
    if (known === undefined || isNewer(object, known)) this.replace(object);
  }

  private replace(object: T): void {
    const previous = this.objects.get(keyOf(object));
    if (previous !== undefined && previous.metadata.resourceVersion === object.metadata.resourceVersion) return;
    const kept = this.options.keep?.(object) ?? object;
    this.objects.set(keyOf(kept), kept);
    this.tell({ kind: "set", object: kept, previous });
  }

  /** Of an object that was made anew meanwhile, and observed, the watch tells late. */
  private removeUnlessNewer(object: T): void {
    const known = this.objects.get(keyOf(object));
    if (known === undefined || !isNewer(known, object)) this.remove(object);
  }

  private remove(object: T): void {
    if (this.objects.delete(keyOf(object))) this.tell({ kind: "gone", object });
  }

  private tell(change: Change<T>): void {
    for (const listener of [...this.listeners]) listener(change);
  }
}

/** Resource versions of one kind are decimal numbers that grow (KEP-5504). */
function isNewer(object: KubeObject, known: KubeObject): boolean {
  return isNewerThan(object, known.metadata.resourceVersion);
}

function isNewerThan(object: KubeObject, resourceVersion = "0"): boolean {
  return BigInt(object.metadata.resourceVersion ?? 0) > BigInt(resourceVersion);
}

/** An ERROR event carries a Status in place of an object. */
function watchError(status: unknown): ApiError {
  const { code, message, reason } = status as { code?: number; message?: string; reason?: string };
  return new ApiError(`watch: ${message ?? "failed"}`, code ?? 0, {
    ...(message && { message }),
    ...(reason && { reason }),
  });
}

function key(name: string, namespace?: string): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}

function keyOf(object: KubeObject): string {
  return key(object.metadata.name, object.metadata.namespace);
}
