import type { KubeObject, ResourceType } from "../api/object.js";
import type { KubeClient } from "./client.js";
import { isKindMissing } from "./errors.js";
import { type Change, Informer, type InformerOptions } from "./informer.js";
import type { ServedKinds } from "./served-kinds.js";

/**
 * An {@link Informer} of a kind that a cluster may lack: empty, and without any list or watch, while the kind is not
 * served. It begins when `served` finds the kind, and ends, with all its objects told as gone, when a list or watch is
 * answered with 404. That discovery alone lacks the kind ends nothing: objects must not be forgotten on a guess.
 */
export class OptionalInformer<T extends KubeObject> {
  private readonly listeners = new Set<(change: Change<T>) => void>();
  private readonly known = Promise.withResolvers<undefined>();
  private informer: Informer<T> | undefined;
  private isKnown = false;
  private unsubscribe: (() => void) | undefined;

  constructor(
    private readonly client: KubeClient,
    private readonly type: ResourceType<T>,
    private readonly served: ServedKinds,
    private readonly options: Omit<InformerOptions<T>, "failFast"> = {},
  ) {
    this.known.promise.then(
      () => (this.isKnown = true),
      () => undefined,
    );
  }

  /** Idempotent. `served` is somebody else's to start and stop. */
  start(): this {
    this.unsubscribe ??= this.served.onAnswer(() => this.follow());
    this.follow();
    return this;
  }

  /** Resolves after the first list, or once it is known that there is nothing to list; rejects by `stop`. */
  get synced(): Promise<undefined> {
    return this.known.promise;
  }

  /** Whether `synced` has resolved. */
  get hasSynced(): boolean {
    return this.isKnown;
  }

  get(name: string, namespace?: string): T | undefined {
    return this.informer?.get(name, namespace);
  }

  list(): T[] {
    return this.informer?.list() ?? [];
  }

  /** Takes in what a write of this process has returned, without waiting for the watch to tell. */
  observe(object: T): void {
    this.informer?.observe(object);
  }

  /** Asks now whether the kind is there. Resolves when that is known; the list may still be under way. */
  look(): Promise<void> {
    return this.served.look();
  }

  /** Calls `listener` at every change from now on, until the returned function is called. */
  onChange(listener: (change: Change<T>) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  async stop(): Promise<void> {
    this.unsubscribe?.();
    this.known.reject(new Error("stopped"));
    await this.informer?.stop();
  }

  private follow(): void {
    const served = this.served.serves(this.type);
    if (served === false && this.informer === undefined) this.known.resolve(undefined);
    if (served === true) this.informer ??= this.begin();
  }

  private begin(): Informer<T> {
    const informer: Informer<T> = new Informer(this.client, this.type, {
      ...this.options,
      onError: (error) => {
        if (isKindMissing(error)) this.end(informer);
        else this.options.onError?.(error);
      },
    });
    informer.onChange((change) => {
      if (this.informer === informer) this.tell(change);
    });
    informer.start().synced.then(
      () => this.known.resolve(undefined),
      () => undefined,
    );
    return informer;
  }

  private end(informer: Informer<T>): void {
    if (this.informer !== informer) return;
    this.informer = undefined;
    void informer.stop();
    for (const object of informer.list()) this.tell({ kind: "gone", object });
    this.known.resolve(undefined);
  }

  private tell(change: Change<T>): void {
    for (const listener of [...this.listeners]) listener(change);
  }
}
