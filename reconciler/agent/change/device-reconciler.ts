import type { Logger } from "pino";
import { ReadyReason, readyCondition, type SriovNetworkDevice } from "../../../api/sriov-network-device.js";
import { describeChange, describePlan, type VfCountPlan } from "../../../plan/vf-count.js";
import { messageOf } from "../../../kube/errors.js";
import type { Kernel, PciAddress, PhysicalFunction } from "../../kernel/kernel.js";
import type { PciDevices } from "../pci/pci-devices.js";
import type { EventRecorder } from "../../service/events.js";
import type { AgentMetrics } from "../service/metrics.js";
import type { VfUsers } from "../usage/vf-users.js";
import { Announcer } from "./announcer.js";
import { bindLeftovers } from "./bind.js";
import { carryOut } from "./carry-out.js";
import { decide } from "./decide.js";
import { guard } from "./guard.js";
import { setLinkUp } from "./link-up.js";
import type { ObjectWriter } from "./object-writer.js";
import { joined, type Outcome, type Refusal, resultOf } from "./outcome.js";
import { PassMemory } from "./pass-memory.js";
import type { Work } from "./phase.js";
import { refusalBy } from "./refusal.js";
import { type Eligibility, reportFinding, reportGone, reportUnreadable } from "./report.js";
import { applySettings, isWork, planSettings, settingsNotEligible, useOf } from "./settings.js";
import { waitUntilSettled } from "./settle.js";
import { isShortfall, verify } from "./verify.js";
import { type ClaimedVfs, VfGroups } from "./vf-groups.js";

export interface ReconcilerOptions {
  readonly writeDeadlineMs: number;
  /** How long new VFs may take to get their drivers and names before they are reported without. */
  readonly settleDeadlineMs: number;
}

export interface ReconcilerParts {
  readonly kernel: Kernel;
  readonly pciDevices: Pick<PciDevices, "sync">;
  readonly users: Pick<VfUsers, "of" | "refresh" | "silent">;
  readonly events: EventRecorder;
  readonly metrics: AgentMetrics;
  readonly log: Logger;
  /** The object as it is known now; undefined when there is none. */
  readonly current: () => SriovNetworkDevice | undefined;
  /** Whether the NIC, as it is now, may be changed: what the condition Eligible says. */
  readonly eligibility: (nic: PhysicalFunction) => Eligibility;
  /** The NIC's VFs, there already or not, that guests have by a claim. */
  readonly meantForVfio: (device: SriovNetworkDevice) => ClaimedVfs;
  readonly options: ReconcilerOptions;
}

/** What is to be looked at again though nothing else tells of it. */
export interface Next {
  /** Milliseconds since the epoch; absent where nothing is to be tried again. */
  readonly retryAt?: number | undefined;
  /** VFs were made, whose interfaces may be renamed late. */
  readonly changed?: boolean;
}

interface Result extends Next {
  readonly outcome: Outcome;
  /** The NIC as it is afterwards; undefined when it has vanished. */
  readonly found: PhysicalFunction | undefined;
}

interface Carried {
  /** By the kernel, in one of the phases. */
  readonly refused: Refusal | undefined;
  /** What the kernel took without an error and did not do. */
  readonly missed: Refusal | undefined;
  readonly found: PhysicalFunction | undefined;
  /** How many VFs there were right after the write. */
  readonly made: number;
}

/** One NIC, made as its object asks and reported as it is: each pass is a look, at most one change, and a report. */
export class DeviceReconciler {
  private readonly memory = new PassMemory();
  private readonly announcer: Announcer;

  constructor(
    private readonly address: PciAddress,
    private readonly parts: ReconcilerParts,
    private readonly writer: ObjectWriter,
  ) {
    this.announcer = new Announcer(parts.events, parts.metrics);
  }

  /** One pass. */
  async reconcile(): Promise<Next> {
    const device = this.parts.current();
    if (device === undefined || device.metadata.deletionTimestamp !== undefined) return {};
    this.memory.meet(device);
    const next = await this.look(device);
    await this.writer.withdrawRequest(device);
    return next;
  }

  private async look(device: SriovNetworkDevice): Promise<Next> {
    let nic: PhysicalFunction | undefined;
    try {
      nic = await this.parts.kernel.physicalFunction(this.address);
    } catch (error) {
      return this.unreadable(device, refusalBy(error, undefined));
    }
    if (nic === undefined) return this.gone(device);
    if (readyCondition(device)?.reason === ReadyReason.DeviceGone) this.announcer.back(device);
    const result = await this.configure(device, nic);
    if (result === undefined) return {};
    if (result.found === undefined) return this.gone(device);
    return this.report(device, result.found, result);
  }

  /** When to try again after a pass that failed with no answer about the NIC: the API server's, say. */
  retryAfterFailure(): number {
    return Date.now() + this.memory.retries.nextPause();
  }

  /** Resolves with nothing where the object was changed before anything was done: another pass speaks of that. */
  private async configure(device: SriovNetworkDevice, nic: PhysicalFunction): Promise<Result | undefined> {
    const deviation = this.memory.deviations.see(device, nic);
    const decision = decide(device, nic, this.parts.users.of(nic));
    switch (decision.kind) {
      case "unmanaged":
        return this.finish(device, nic, UNMANAGED);
      case "settled":
        return this.finish(device, nic);
      case "tooMany":
        return { outcome: decision, found: nic };
      case "change": {
        const { eligible, message: reason } = this.parts.eligibility(nic);
        if (!eligible) {
          this.announcer.drifted(device, deviation, `It stays so: ${reason}.`);
          return { outcome: notEligible(reason, decision.plan), found: nic };
        }
        if (this.memory.isShortfall(device, nic)) {
          return { outcome: verify(decision.plan, nic) ?? CONFIGURED, found: nic };
        }
        return this.pending(device, nic) ?? this.lookTwice(device, nic, decision.plan);
      }
    }
  }

  /** VFs may have been taken since they were last looked at; a plan that destroys none needs no second look. */
  private async lookTwice(
    device: SriovNetworkDevice,
    nic: PhysicalFunction,
    plan: VfCountPlan,
  ): Promise<Result | undefined> {
    if (plan.from === 0) return this.change(device, nic, plan);
    const { users, kernel, eligibility } = this.parts;
    await users.refresh();
    const now = await kernel.physicalFunction(this.address);
    if (now === undefined) return { outcome: CONFIGURED, found: undefined };
    const decision = decide(device, now, users.of(now));
    const goesOn = decision.kind === "change" && eligibility(now).eligible;
    return goesOn ? this.change(device, now, decision.plan) : this.configure(device, now);
  }

  private async change(
    device: SriovNetworkDevice,
    nic: PhysicalFunction,
    plan: VfCountPlan,
  ): Promise<Result | undefined> {
    const deviation = this.memory.deviations.see(device, nic);
    const spent = this.memory.isAllowanceSpent(device);
    const verdict = guard(device, plan, { deviation, spent, silent: this.parts.users.silent() });
    if (verdict.kind !== "go") {
      this.announcer.drifted(device, deviation, "It stays so, since VFs are in use: see the condition Ready.");
      return { outcome: verdict, found: nic };
    }
    if (!this.memory.isCurrent(this.parts.current())) return undefined;
    await this.writer.recordManaged(device);
    this.announcer.drifted(device, deviation, `The count is put back to ${plan.to}.`);
    const { refused, missed, found, made } = await this.carryOut(device, nic, plan);
    const untouched = refused !== undefined && found?.numVfs === plan.from;
    if (plan.from === 0 || !untouched) this.memory.spendAllowance(device);
    if (verdict.lost.length > 0 && !untouched) this.announcer.disrupted(device, verdict.lost);
    if (found === undefined) return { outcome: CONFIGURED, found };
    if (missed !== undefined && isShortfall(plan, found, made)) {
      this.memory.madeFewer(device, found);
      return { outcome: missed, found, changed: true };
    }
    const refusal = refused ?? missed;
    if (refusal !== undefined) return this.failed(device, found, refusal);
    this.announcer.changed(device, plan, deviation);
    // Who changes the count again and again is answered as often as the hardware is looked at anyhow, not every second.
    const finished = await this.finish(device, found);
    return finished && { ...finished, changed: deviation?.kind !== "drift" };
  }

  /** The kernel's part: the phases, the wait for drivers and names, and a look at what came of it. */
  private async carryOut(device: SriovNetworkDevice, nic: PhysicalFunction, plan: VfCountPlan): Promise<Carried> {
    const { kernel, log, metrics, options } = this.parts;
    const { from, to, writes, destroyed } = plan;
    log.info({ from, to, writes, destroyed }, `${device.metadata.name}: ${describePlan(plan)}`);
    const began = performance.now();
    const refused = await carryOut({ ...this.work(device, nic), plan });
    const settled = await waitUntilSettled(kernel, this.address, options.settleDeadlineMs);
    const { nic: found, made = 0 } = settled ?? {};
    const missed = refused === undefined && found !== undefined ? verify(plan, found, made) : undefined;
    const refusal = refused ?? missed;
    metrics.changeEnded(resultOf(refusal ?? CONFIGURED), (performance.now() - began) / 1_000);
    if (refusal !== undefined) log.warn({ from, to, found: found?.numVfs }, `not done: ${refusal.message}`);
    return { refused, missed, found, made };
  }

  /** The count is right, or nobody's: what else is asked for, and what an interrupted change left undone, may not be. */
  private async finish(
    device: SriovNetworkDevice,
    nic: PhysicalFunction,
    ready: typeof CONFIGURED | typeof UNMANAGED = CONFIGURED,
  ): Promise<Result | undefined> {
    const { eligibility, users, options } = this.parts;
    const work = this.work(device, nic);
    const { eligible, message: reason } = eligibility(nic);
    if (!eligible) {
      const asked = isWork(planSettings(device, nic, work.groups, useOf(nic, users)));
      return { outcome: asked ? settingsNotEligible(reason) : ready, found: nic };
    }
    const pending = this.pending(device, nic);
    if (pending !== undefined) return pending;
    const left = ready === CONFIGURED ? await bindLeftovers(work) : undefined;
    const isCurrent = (): boolean => this.memory.isCurrent(this.parts.current());
    const { settleDeadlineMs } = options;
    const set = await applySettings({ ...work, device, users, isCurrent, settleDeadlineMs });
    if (set === undefined) return undefined;
    if (set.nic === undefined) return { outcome: ready, found: undefined };
    const link = ready === CONFIGURED ? await this.withLink(set.nic) : { outcome: ready, found: set.nic };
    const result = { ...link, changed: set.tried !== undefined };
    const refusal = joined([left, ...set.refusals]);
    this.tellOf(device, set.tried, refusal);
    if (refusal === undefined || result.found === undefined) return result;
    return refusal.kind === "kernelRefused"
      ? this.failed(device, result.found, refusal)
      : { ...result, outcome: refusal };
  }

  private tellOf(device: SriovNetworkDevice, settings: string | undefined, refusal: Refusal | undefined): void {
    if (settings === undefined) return;
    this.parts.log.info({ settings, refusal: refusal?.message }, `${device.metadata.name}: ${settings}`);
    if (refusal?.kind !== "kernelRefused") this.announcer.set(device, settings);
  }

  private async withLink(nic: PhysicalFunction): Promise<Result> {
    const { kernel, options } = this.parts;
    const link = await setLinkUp(kernel, nic, options.writeDeadlineMs);
    return { outcome: { kind: "configured", shortcoming: link.shortcoming }, found: link.nic };
  }

  private async report(device: SriovNetworkDevice, nic: PhysicalFunction, result: Result): Promise<Next> {
    const { users, eligibility } = this.parts;
    const { changed = false } = result;
    // After a restart of the node, no VF's object, nor a claim that it owns, is to go by a first failure.
    const restoring = this.memory.deviations.see(device, nic)?.kind === "restart" && this.memory.retries.count < 2;
    const unlisted = restoring && result.retryAt !== undefined ? undefined : await this.list(device, nic);
    const outcome = unlisted !== undefined && isReady(result.outcome) ? unlisted : result.outcome;
    const retryAt = result.retryAt ?? (unlisted && this.retryAfterFailure());
    const finding = { nic, outcome, users: users.of(nic), eligibility: eligibility(nic) };
    const transition = await this.writer.report(device, reportFinding(device, finding));
    const tried = retryAt !== undefined || outcome.kind === "kernelRefused";
    if (transition) this.announcer.reported(device, transition, outcome, tried);
    if (retryAt === undefined) this.memory.retries.reset();
    if (isReady(outcome)) {
      this.memory.deviations.forget();
      this.memory.spendAllowance(device);
    }
    if (this.memory.isAllowanceSpent(device)) await this.writer.withdrawAllowance(device);
    return { retryAt, changed };
  }

  private async gone(device: SriovNetworkDevice): Promise<Next> {
    this.memory.forgetNic();
    const unlisted = await this.list(device, undefined);
    const transition = await this.writer.report(device, reportGone(device));
    if (transition) this.announcer.gone(device, transition);
    return { retryAt: unlisted && this.retryAfterFailure() };
  }

  /** What cannot be listed now must not keep the device's status from being true. */
  private async list(device: SriovNetworkDevice, nic: PhysicalFunction | undefined): Promise<Refusal | undefined> {
    try {
      await this.parts.pciDevices.sync(device, nic?.virtualFunctions ?? []);
      return undefined;
    } catch (error) {
      this.parts.log.error({ err: error }, `PCIDevices of ${device.metadata.name}: ${messageOf(error)}`);
      const message = `the PCIDevices of its ${nic?.numVfs ?? 0} VFs are not as they should be: ${messageOf(error)}`;
      return { kind: "notListed", message: `${message}. It is tried again with growing pauses.` };
    }
  }

  /** There, and not to be read: what was reported of its VFs may still be so, and is left as it is. */
  private async unreadable(device: SriovNetworkDevice, refusal: Refusal): Promise<Next> {
    const retryAt = this.memory.failed({ device, nic: undefined, users: NOBODY }, refusal);
    const transition = await this.writer.report(device, reportUnreadable(device, refusal));
    if (transition) this.announcer.reported(device, transition, refusal, true);
    return { retryAt };
  }

  private pending(device: SriovNetworkDevice, nic: PhysicalFunction): Result | undefined {
    const failure = this.memory.pending({ device, nic, users: this.parts.users.of(nic) });
    return failure && { outcome: failure.refusal, found: nic, retryAt: failure.until };
  }

  private failed(device: SriovNetworkDevice, found: PhysicalFunction, refusal: Refusal): Result {
    const retryAt = this.memory.failed({ device, nic: found, users: this.parts.users.of(found) }, refusal);
    return { outcome: refusal, found, retryAt };
  }

  private work(device: SriovNetworkDevice, nic: PhysicalFunction): Omit<Work, "plan"> {
    const { kernel, meantForVfio, options } = this.parts;
    const { autoprobe } = this.memory;
    const groups = new VfGroups(device, meantForVfio(device));
    return { kernel, nic, groups, mtu: device.spec.mtu, autoprobe, deadlineMs: options.writeDeadlineMs };
  }
}

const CONFIGURED = { kind: "configured" } as const;
const UNMANAGED = { kind: "unmanaged" } as const;

const NOBODY: ReadonlyMap<PciAddress, string> = new Map();

function isReady({ kind }: Outcome): boolean {
  return kind === "configured" || kind === "unmanaged";
}

function notEligible(reason: string, plan: VfCountPlan): Refusal {
  const message =
    `not changed (${describeChange(plan)}): ${reason}. Free the NIC from that, or set the count back to ` +
    `${plan.from}.`;
  return { kind: "notEligible", message };
}
