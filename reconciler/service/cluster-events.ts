import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "pino";
import { EVENT, type Event } from "../../api/event.js";
import type { KubeObject, ResourceType } from "../../api/object.js";
import type { KubeClient } from "../../kube/client.js";
import { isForbidden, isNotFound, isTransient, messageOf } from "../../kube/errors.js";
import type { ObjectEvent, EventRecorder } from "./events.js";

export interface ClusterEventsOptions {
  readonly client: Pick<KubeClient, "create" | "merge">;
  readonly log: Logger;
  /** Who speaks; also the field manager of what is written. */
  readonly component: string;
  /** Told as the events' host: the node, or the pod. */
  readonly host: string;
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly now?: () => number;
  /** Pause before an event is sent again that the API server could not take. Default 5,000. */
  readonly retryMs?: number;
}

/** The same event within this time raises the count of the first, as Kubernetes' own components do it. */
const SAME_EVENT_MS = 10 * 60_000;
/** Told once, then asked again with the first event after this time: who lacked the right may have been given it. */
const FORBIDDEN_PAUSE_MS = 10 * 60_000;
/** Different events that wait at most; those that come on top are not sent. */
const MAX_WAITING = 100;
/** Different events whose counts are kept at most. */
const MAX_KNOWN = 1_000;
/** Beyond this the API server refuses the event. */
const MAX_MESSAGE = 1_024;

/** Events in the cluster, sent one after the other beside the reconciler's work, which they never hold up and never fail. */
export class ClusterEvents implements EventRecorder {
  private readonly known = new Map<string, Series>();
  private readonly waiting = new Set<Series>();
  private sending: Promise<void> | undefined;
  private readonly ending = new AbortController();
  private silentUntil = 0;
  private toldForbidden = false;
  private toldFull = false;
  private readonly now: () => number;

  constructor(private readonly options: ClusterEventsOptions) {
    this.now = options.now ?? Date.now;
  }

  record<T extends KubeObject>(type: ResourceType<T>, about: T, event: ObjectEvent): void {
    const now = this.now();
    if (now < this.silentUntil || this.ending.signal.aborted) return;
    const key = [about.metadata.uid, about.metadata.name, event.type, event.reason, event.message].join("\n");
    const series = this.seriesFor(key, now) ?? this.begin(key, this.render(type, about, event, now));
    series.count++;
    series.last = now;
    if (this.waiting.size >= MAX_WAITING && !this.waiting.has(series)) {
      if (!this.toldFull) this.options.log.warn("more events than the API server takes; some are not sent");
      this.toldFull = true;
      return;
    }
    this.waiting.add(series);
    this.sending ??= this.send().finally(() => (this.sending = undefined));
  }

  /** Sends what waits, for as long as `ms` at most, and nothing after that. */
  async close(ms: number): Promise<void> {
    const late = setTimeout(() => this.ending.abort(), ms);
    await this.sending;
    clearTimeout(late);
    this.ending.abort();
  }

  private seriesFor(key: string, now: number): Series | undefined {
    const known = this.known.get(key);
    return known !== undefined && now - known.last < SAME_EVENT_MS ? known : undefined;
  }

  private begin(key: string, event: Event): Series {
    this.known.delete(key);
    const series: Series = { event, count: 0, last: 0, isThere: false };
    this.known.set(key, series);
    const [oldest] = this.known.keys();
    if (this.known.size > MAX_KNOWN && oldest !== undefined) this.known.delete(oldest);
    return series;
  }

  private async send(): Promise<void> {
    for (const series of this.waiting) {
      this.waiting.delete(series);
      try {
        await this.put(series);
        this.toldFull = false;
      } catch (error) {
        if (this.ending.signal.aborted) return;
        if (isForbidden(error)) this.beSilent(error);
        else if (isTransient(error)) await this.putBack(series);
        else this.options.log.warn({ err: error }, `an event was not taken: ${messageOf(error)}`);
      }
    }
  }

  private async put(series: Series): Promise<void> {
    const { client } = this.options;
    const { namespace = DEFAULT_NAMESPACE, name } = series.event.metadata;
    const options = { fieldManager: this.options.component, signal: this.ending.signal };
    const { count } = series;
    const lastTimestamp = timestamp(series.last);
    if (series.isThere) {
      try {
        await client.merge(EVENT, name, { count, lastTimestamp }, { ...options, namespace });
        return;
      } catch (error) {
        // Events live for an hour or so; this one is made anew.
        if (!isNotFound(error)) throw error;
      }
    }
    await client.create(EVENT, { ...series.event, count, lastTimestamp }, options);
    series.isThere = true;
  }

  /** For when the API server is back. The oldest come first again. */
  private async putBack(series: Series): Promise<void> {
    const later = [...this.waiting];
    this.waiting.clear();
    for (const each of [series, ...later]) this.waiting.add(each);
    const { signal } = this.ending;
    await delay(this.options.retryMs ?? 5_000, undefined, { signal, ref: false }).catch(() => undefined);
  }

  private beSilent(error: unknown): void {
    this.silentUntil = this.now() + FORBIDDEN_PAUSE_MS;
    this.waiting.clear();
    if (!this.toldForbidden) this.options.log.warn({ err: error }, `no events are written: ${messageOf(error)}`);
    this.toldForbidden = true;
  }

  private render<T extends KubeObject>(type: ResourceType<T>, about: T, event: ObjectEvent, now: number): Event {
    const { name, namespace, uid, resourceVersion } = about.metadata;
    const { component, host } = this.options;
    return {
      metadata: { name: nameFor(name, now), namespace: namespace ?? DEFAULT_NAMESPACE },
      involvedObject: {
        apiVersion: type.apiVersion,
        kind: type.kind,
        name,
        ...(namespace !== undefined && { namespace }),
        ...(uid !== undefined && { uid }),
        ...(resourceVersion !== undefined && { resourceVersion }),
      },
      type: event.type,
      reason: event.reason,
      message: event.message.slice(0, MAX_MESSAGE),
      source: { component, host },
      reportingComponent: component,
      reportingInstance: host,
      firstTimestamp: timestamp(now),
      lastTimestamp: timestamp(now),
      count: 1,
    };
  }
}

/** One event and how often it has come since its object was made. */
interface Series {
  readonly event: Event;
  count: number;
  /** When it came last, in milliseconds since the epoch. */
  last: number;
  /** The API server has it. */
  isThere: boolean;
}

/** Where the API server wants events about objects that have no namespace. */
const DEFAULT_NAMESPACE = "default";

let made = 0;

/** As Kubernetes' own components name theirs: the object's name, then something that no other event of it has. */
function nameFor(name: string, now: number): string {
  const unique = (BigInt(now) * 1_000_000n + BigInt(made++ % 1_000_000)).toString(16);
  return `${name.slice(0, 230)}.${unique}`;
}

function timestamp(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");
}
