import type { Logger } from "pino";
import { CONTROLLER_LEASE_NAME } from "../../api/lease.js";
import type { KubeClient } from "../../kube/client.js";
import type { EventRecorder } from "../service/events.js";
import { LeftClaims } from "./claims/left-claims.js";
import type { Job, JobOptions } from "./job.js";
import { PermittedDevices } from "./kubevirt/permitted-devices.js";
import { LeaderElection, type LeaseTimings } from "./leader/leader-election.js";
import { Networks } from "./networks/networks.js";
import { Policies } from "./policies/policies.js";
import type { ControllerMetrics } from "./service/metrics.js";
import { Watches } from "./watches.js";

export interface ControllerOptions extends JobOptions {
  /** Who this replica is; no two may have the same. */
  readonly identity: string;
  readonly timings: LeaseTimings;
}

/** What the controller works with; each is somebody else's to open and close. */
export interface ControllerParts {
  readonly client: KubeClient;
  readonly log: Logger;
  readonly events: EventRecorder;
  readonly metrics: ControllerMetrics;
}

/**
 * What a cluster needs once: policies become what each NIC is asked for, networks become attachments, and claims what KubeVirt
 * permits. Of several replicas one works; the others know all that it knows, and go on when it is gone.
 */
export class Controller {
  private readonly watches: Watches;
  private readonly jobs: readonly Job[];
  private readonly election: LeaderElection;
  private readonly ending = new AbortController();
  private running: Promise<void> | undefined;

  constructor(
    private readonly parts: ControllerParts,
    options: ControllerOptions,
  ) {
    this.watches = new Watches(parts);
    const jobParts = { ...parts, watches: this.watches };
    this.jobs = [
      new Policies(jobParts, options),
      new Networks(jobParts, options),
      new PermittedDevices(jobParts),
      new LeftClaims(jobParts),
    ];
    this.election = new LeaderElection({ ...parts, ...options, name: CONTROLLER_LEASE_NAME });
  }

  /** Resolves by `stop`. */
  run(): Promise<void> {
    this.running ??= this.work();
    return this.running;
  }

  /** What keeps it from its work, in words; nothing where it works, or could. */
  waitsFor(): readonly string[] {
    const kinds = this.watches.unknown().map((plural) => `the cluster's ${plural} could not be read yet`);
    return [...new Set([...kinds, ...this.jobs.flatMap((job) => job.waitsFor())])];
  }

  /** Ends what is under way, gives the lease back, then ends the watches. */
  async stop(): Promise<void> {
    this.ending.abort();
    await this.running;
  }

  private async work(): Promise<void> {
    const { signal } = this.ending;
    // Each job waits for what it needs itself: one whose kinds are missing must not keep the others from their work.
    const started = [this.watches.start(), ...this.jobs.map((job) => job.start())];
    for (const start of started) start.catch(() => undefined);
    await this.election.run(signal, (term) => this.lead(term));
    await Promise.all([...this.jobs.map((job) => job.stop()), this.watches.stop()]);
    await Promise.allSettled(started);
  }

  private async lead(term: AbortSignal): Promise<void> {
    this.parts.metrics.leads(true);
    await Promise.all(this.jobs.map((job) => job.lead(term)));
    this.parts.metrics.leads(false);
  }
}
