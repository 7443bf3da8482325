import type { Logger } from "pino";
import { LEASE } from "../../../api/lease.js";
import type { KubeClient } from "../../../kube/client.js";
import { messageOf } from "../../../kube/errors.js";
import { Informer } from "../../../kube/informer.js";
import { isAborted } from "../aborted.js";
import { KnownLease } from "./known-lease.js";
import { acquired, released } from "./lease-spec.js";
import { Pause } from "./pause.js";

export interface LeaderElectionOptions {
  readonly client: KubeClient;
  readonly log: Logger;
  /** Of the Lease. */
  readonly namespace: string;
  readonly name: string;
  /** Who this replica is; no two may have the same. */
  readonly identity: string;
  readonly timings: LeaseTimings;
}

/** How an election is timed, in milliseconds: client-go's three. */
export interface LeaseTimings {
  /** How long the others leave the lease to a holder that does not renew it. */
  readonly durationMs: number;
  /** After this long without a renewal the holder itself stops. Less than `durationMs`. */
  readonly renewDeadlineMs: number;
  /** Between two renewals, and between two attempts to get it. Less than `renewDeadlineMs`. */
  readonly retryPeriodMs: number;
}

/**
 * One replica's part in the choice of the one that works, by a Lease, as client-go does it: whoever has written his
 * identity leads for as long as he goes on renewing it. Whoever stands by watches the lease: he asks for nothing, and
 * leads at once when it is given back.
 */
export class LeaderElection {
  private readonly lease: KnownLease;
  private readonly pause = new Pause();
  private told = "";

  constructor(private readonly options: LeaderElectionOptions) {
    this.lease = new KnownLease(options);
  }

  /**
   * Until `signal` is aborted: waits for its turn, then calls `lead`, whose `term` is aborted when this replica leads no
   * more. The lease is given back only once `lead` has resolved.
   */
  async run(signal: AbortSignal, lead: (term: AbortSignal) => Promise<void>): Promise<void> {
    const watch = this.watch();
    try {
      while (!signal.aborted) {
        const acquiredAt = await this.campaign(signal);
        if (acquiredAt !== undefined) await this.holdOffice(acquiredAt, signal, lead);
      }
    } finally {
      await watch.stop();
    }
  }

  /** Only wakes: where it does not work, the lease is read once it seems to have run out. */
  private watch(): Informer<object & { metadata: { name: string } }> {
    const { client, namespace, name } = this.options;
    const informer = new Informer(client, LEASE, { namespace, fields: { "metadata.name": name } }).start();
    informer.onChange((change) => {
      const before = this.lease.holder;
      if (change.kind === "set") this.lease.see(change.object);
      if (change.kind === "gone" || this.lease.holder !== before) this.pause.end();
    });
    return informer;
  }

  /** Resolves with when the lease was got; undefined where `signal` was aborted before. */
  private async campaign(signal: AbortSignal): Promise<number | undefined> {
    const { retryPeriodMs } = this.options.timings;
    while (!signal.aborted) {
      const began = performance.now();
      try {
        if (!this.isAnothers() && (await this.tryAcquire(signal))) return began;
        if (this.lease.holder !== undefined) this.tell("info", `stands by while ${this.lease.holder} leads`);
      } catch (error) {
        if (!isAborted(signal)) this.tell("warn", `cannot get the lease: ${messageOf(error)}`);
      }
      const left = this.isAnothers() ? this.lease.runsOutAt - performance.now() + 1 : jittered(retryPeriodMs);
      await this.pause.wait(left, signal);
    }
    return undefined;
  }

  private async tryAcquire(signal: AbortSignal): Promise<boolean> {
    const { identity, timings } = this.options;
    const limits = { signal, timeoutMs: timings.renewDeadlineMs };
    await this.lease.read(limits);
    if (this.isAnothers()) return false;
    return this.lease.write(acquired(this.lease.spec, identity, timings.durationMs, new Date()), limits);
  }

  private isAnothers(): boolean {
    const { holder, runsOutAt } = this.lease;
    return holder !== undefined && holder !== this.options.identity && performance.now() < runsOutAt;
  }

  /** Leads, and renews the lease meanwhile, until that fails for too long or `signal` is aborted. */
  private async holdOffice(
    acquiredAt: number,
    signal: AbortSignal,
    lead: (term: AbortSignal) => Promise<void>,
  ): Promise<void> {
    const { log, identity } = this.options;
    const lost = new AbortController();
    const term = AbortSignal.any([signal, lost.signal]);
    this.told = "";
    log.info({ identity }, "leads");
    const work = lead(term);
    await this.keepRenewing(acquiredAt, term, lost);
    await work;
    if (lost.signal.aborted)
      log.warn({ identity }, "leads no more: the lease was not renewed in time, or is another's");
    else await this.giveBack();
  }

  /** Resolves once the term is over; aborts `lost` where that is because the lease is not this replica's any more. */
  private async keepRenewing(acquiredAt: number, term: AbortSignal, lost: AbortController): Promise<void> {
    const { renewDeadlineMs, retryPeriodMs } = this.options.timings;
    const endAt = (ms: number): NodeJS.Timeout => setTimeout(() => lost.abort(), ms - performance.now());
    let deadline = acquiredAt + renewDeadlineMs;
    // By a timer, since a request that hangs must not keep a leader in office.
    let timer = endAt(deadline);
    while (!term.aborted) {
      await this.pause.wait(retryPeriodMs, term);
      const began = performance.now();
      if (!(await this.renew(term, lost, deadline - began))) continue;
      deadline = began + renewDeadlineMs;
      clearTimeout(timer);
      timer = endAt(deadline);
    }
    clearTimeout(timer);
  }

  private async renew(term: AbortSignal, lost: AbortController, timeoutMs: number): Promise<boolean> {
    if (term.aborted) return false;
    const { identity, timings } = this.options;
    const limits = { signal: term, timeoutMs: Math.max(1, timeoutMs) };
    const write = (): Promise<boolean> =>
      this.lease.write(acquired(this.lease.spec, identity, timings.durationMs, new Date()), limits);
    try {
      if (this.lease.holder === identity && (await write())) return true;
      await this.lease.read(limits);
      // Somebody has deleted it.
      if (!this.lease.exists) return await write();
      if (this.lease.holder !== identity) lost.abort();
    } catch (error) {
      if (!isAborted(term)) this.options.log.warn({ err: error }, `the lease was not renewed: ${messageOf(error)}`);
    }
    return false;
  }

  private async giveBack(): Promise<void> {
    const { identity, timings, log } = this.options;
    const limits = { timeoutMs: timings.retryPeriodMs };
    try {
      // A renewal that was cut short may have been done all the same, so that the version is another.
      await this.lease.read(limits);
      if (this.lease.holder !== identity) return;
      if (await this.lease.write(released(new Date()), limits)) log.info({ identity }, "gave the lease back");
    } catch (error) {
      log.warn({ err: error }, `the lease was not given back, and runs out by itself: ${messageOf(error)}`);
    }
  }

  private tell(level: "info" | "warn", what: string): void {
    if (what !== this.told) this.options.log[level]({ identity: this.options.identity }, what);
    this.told = what;
  }
}

/** So that replicas that lost it together don't ask together. */
function jittered(ms: number): number {
  return ms * (1 + 0.2 * Math.random());
}
