import type { Logger } from "pino";
import type { KubeClient } from "../../kube/client.js";
import type { EventRecorder } from "../service/events.js";
import type { ControllerMetrics } from "./service/metrics.js";
import type { Watches } from "./watches.js";

/** One of the things that the controller does, and of all its replicas only the one that leads. */
export interface Job {
  /**
   * Begins its watches, in a replica that stands by too, so that it knows everything when its turn comes. Resolves after
   * the first lists; rejects by `stop`.
   */
  start(): Promise<void>;
  /** What it could not read yet, in words; nothing where it has all that it needs. */
  waitsFor(): readonly string[];
  /**
   * Does its work until `term` is aborted. Every write takes `term` as its signal, since another replica leads after
   * that. Resolves once nothing of it is under way any more, and never rejects. May be called again, for another term.
   */
  lead(term: AbortSignal): Promise<void>;
  /** Ends its watches. */
  stop(): Promise<void>;
}

/** What a job works with; each is somebody else's to open and close. */
export interface JobParts {
  readonly client: KubeClient;
  readonly log: Logger;
  readonly events: EventRecorder;
  readonly metrics: ControllerMetrics;
  /** What several jobs read, and which kinds the cluster has. */
  readonly watches: Watches;
}

export interface JobOptions {
  /** The controller's own namespace: where policies count. */
  readonly namespace: string;
  /** What stands before the names under which VFs are advertised: `openshift.io`. */
  readonly resourcePrefix: string;
}
