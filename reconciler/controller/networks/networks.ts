import type { SriovNetwork } from "../../../api/sriov-network.js";
import type { Job, JobOptions, JobParts } from "../job.js";
import { Announcer } from "./announcer.js";
import { Attachments } from "./attachments.js";
import { policyNameOf, type Surroundings } from "./decide.js";
import { NetworkWatches } from "./network-watches.js";
import { NetworkWriter } from "./network-writer.js";
import { type Place, placeFromKey, placeKey, placeOf } from "./place.js";
import { Places } from "./places.js";
import { Repairs } from "../repairs.js";
import { readyOf } from "./report.js";
import { Sweeper } from "./sweeper.js";
import { type Turn, WorkQueue } from "./work-queue.js";

/** Places that have their turn at once: more would only wait for the API server together. */
const WORKERS = 8;

/** While networks wait for Multus, it is looked for more often than other kinds that a cluster may lack. */
const LOOK_FOR_KIND_MS = 5_000;

/** Networks to attachments: what is at a place is looked at again when anything changes that it depends on. */
export class Networks implements Job {
  private readonly watches: NetworkWatches;
  private readonly writer: NetworkWriter;
  private readonly repairs = new Repairs();

  constructor(
    private readonly parts: JobParts,
    private readonly options: JobOptions,
  ) {
    this.watches = new NetworkWatches(parts, options.namespace);
    this.writer = new NetworkWriter({ client: parts.client, networks: this.watches.networks });
  }

  start(): Promise<void> {
    return this.watches.start();
  }

  waitsFor(): readonly string[] {
    return this.watches.unknown().map((plural) => `the cluster's ${plural} could not be read yet`);
  }

  async lead(term: AbortSignal): Promise<void> {
    const ended = aborted(term);
    // A term may begin before everything was read; nothing is done on half of what there is.
    await Promise.race([this.watches.start().catch(() => ended), ended]);
    if (term.aborted) return;
    const places = this.places(term);
    const queue = new WorkQueue((key) => this.turn(places, key), { log: this.parts.log, workers: WORKERS });
    const unsubscribe = this.watches.onChange(
      (place) => queue.add(placeKey(place)),
      (network) => this.writer.isOwnWord(network),
    );
    const forget = this.watches.networks.onChange((change) => {
      if (change.kind === "gone") this.writer.forget(change.object);
    });
    for (const place of this.watches.places()) queue.add(placeKey(place));
    const look = setInterval(() => void this.watches.lookForKind(), LOOK_FOR_KIND_MS);
    await ended;
    clearInterval(look);
    unsubscribe();
    forget();
    await queue.stop();
  }

  stop(): Promise<void> {
    return this.watches.stop();
  }

  private places(signal: AbortSignal): Places {
    const { client, log, events } = this.parts;
    const { watches, writer, repairs } = this;
    const controllerNamespace = this.options.namespace;
    const attachments = new Attachments({ client, informer: watches.attachments, signal });
    const network = ({ namespace, name }: Place) => watches.networks.get(name, namespace);
    return new Places({
      attachments,
      writer,
      repairs,
      announcer: new Announcer(events, log),
      sweeper: new Sweeper({ client, attachments, network, controllerNamespace, log, signal }),
      watches,
      surroundings: (network) => this.surroundings(network),
      log,
      signal,
    });
  }

  private surroundings(network: SriovNetwork): Omit<Surroundings, "existing"> {
    const { namespace: controllerNamespace, resourcePrefix } = this.options;
    const { watches } = this;
    const policyName = policyNameOf(network);
    return {
      controllerNamespace,
      resourcePrefix,
      policy: policyName === undefined ? undefined : watches.policies.get(policyName, controllerNamespace),
      namespace: watches.namespaces.get(placeOf(network, controllerNamespace).namespace),
      kindServed: watches.servesAttachments(),
    };
  }

  private async turn(places: Places, key: string): Promise<Turn> {
    const began = performance.now();
    let result: "done" | "failed" = "failed";
    try {
      const turn = await places.turn(placeFromKey(key));
      result = "done";
      return turn;
    } finally {
      this.parts.metrics.passEnded("networks", result, (performance.now() - began) / 1_000);
      this.parts.metrics.networks(countByReason(this.watches.networks.list()));
    }
  }
}

function countByReason(networks: readonly SriovNetwork[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { status } of networks) {
    const reason = readyOf(status)?.reason;
    if (reason !== undefined) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  return counts;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
