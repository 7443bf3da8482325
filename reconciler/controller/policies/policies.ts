import { declaringFieldManager } from "../../../api/names.js";
import { READY } from "../../../api/sriov-network-device.js";
import type { SriovNetworkNodePolicy } from "../../../api/sriov-network-node-policy.js";
import { planPolicies } from "../../../plan/policies/plan-policies.js";
import type { PolicyPlan } from "../../../plan/policies/policy-plan.js";
import { snapshotOf } from "../../../plan/policies/snapshot-of.js";
import { runBounded } from "../../service/bounded.js";
import type { Job, JobOptions, JobParts } from "../job.js";
import { Passes } from "../passes.js";
import { catchUp, hasOtherLabels } from "./catch-up.js";
import type { ReportedStatus } from "./conditions.js";
import { DeviceRollOut, type DeviceState } from "./device-roll-out.js";
import { DeviceWriter } from "./device-writer.js";
import { isDone, policyStatus, strangerStatus } from "./policy-status.js";
import { PolicyWriter } from "./policy-writer.js";
import { Refusals } from "./refusals.js";
import { isPermitted } from "./stance.js";

/** Requests under way at once. */
const AT_ONCE = 8;

/**
 * Policies to what each NIC is asked for. After every change of a policy, a NIC or a node's labels, all is planned anew from
 * what the cluster has, and what differs is written. Nothing is kept but what the API server has refused, which only saves requests.
 */
export class Policies implements Job {
  private readonly passes: Passes;
  private readonly refusals = new Refusals();
  private readonly rollOut: DeviceRollOut;
  private readonly writer: PolicyWriter;
  private readonly unsubscribe: (() => void)[] = [];

  constructor(
    private readonly parts: JobParts,
    private readonly options: JobOptions,
  ) {
    const { log, metrics, watches } = parts;
    this.passes = new Passes({ job: "policies", log, metrics, pass: (term) => this.pass(term) });
    const { devices, policies } = watches;
    const { refusals } = this;
    const fieldManager = declaringFieldManager(options.namespace);
    const writer = new DeviceWriter({ ...parts, refusals, fieldManager, observe: (device) => devices.observe(device) });
    this.rollOut = new DeviceRollOut({ devices, writer, refusals, fieldManager });
    this.writer = new PolicyWriter({ ...parts, observe: (policy) => policies.observe(policy) });
  }

  async start(): Promise<void> {
    const { nodes, devices, policies } = this.parts.watches;
    const wake = (): void => this.passes.wake();
    this.unsubscribe.push(
      policies.onChange(wake),
      devices.onChange((change) => {
        if (change.kind === "gone") this.refusals.forget(change.object.metadata.name);
        wake();
      }),
      nodes.onChange((change) => {
        if (hasOtherLabels(change)) wake();
      }),
    );
    await Promise.all([nodes, devices, policies].map((informer) => informer.start().synced));
    wake();
  }

  /** The shared watches speak for themselves. */
  waitsFor(): readonly string[] {
    return [];
  }

  lead(term: AbortSignal): Promise<void> {
    return this.passes.lead(term);
  }

  stop(): Promise<void> {
    for (const end of this.unsubscribe.splice(0)) end();
    return Promise.resolve();
  }

  private async pass(term: AbortSignal): Promise<number | undefined> {
    const { watches } = this.parts;
    // A kind that is not read yet would look as if there were none of it, and what policies declared would be let go of.
    if (watches.unknown().length > 0) return undefined;
    const began = Date.now();
    // The same objects to the end: what is reported of a policy speaks of what was planned for it.
    const all = watches.policies.list();
    const policies = all.filter((policy) => this.counts(policy));
    const plan = planPolicies(snapshotOf(policies, watches.nodes.list(), watches.devices.list()));
    // What is news wakes the next pass, which goes by it.
    if (this.rollOut.destroysVfs(plan, policies) && (await catchUp(this.parts.client, watches, term))) return undefined;
    await this.rollOut.declare(plan, policies, term);
    await this.rollOut.markConflicts(plan, policies, term);
    await this.report(all, plan, this.rollOut.states(plan, policies), term);
    return this.refusals.nextAfter(began);
  }

  private async report(
    policies: readonly SriovNetworkNodePolicy[],
    plan: PolicyPlan,
    states: ReadonlyMap<string, DeviceState>,
    term: AbortSignal,
  ): Promise<void> {
    const reasons = new Map<string, number>();
    const tasks = policies.flatMap((policy) => {
      const reported = this.statusOf(policy, plan, states);
      if (reported === undefined) return [];
      const reason = reported.conditions.find(({ type }) => type === READY)?.reason ?? "";
      reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
      return [() => this.conclude(policy, reported, term)];
    });
    this.parts.metrics.policies(reasons);
    await runBounded(tasks, AT_ONCE);
  }

  private statusOf(
    policy: SriovNetworkNodePolicy,
    plan: PolicyPlan,
    states: ReadonlyMap<string, DeviceState>,
  ): ReportedStatus | undefined {
    if (!this.counts(policy)) return strangerStatus(this.options.namespace);
    const planned = plan.policies.get(policy.metadata.name);
    return planned && policyStatus(policy, planned, plan.devices, states);
  }

  private async conclude(policy: SriovNetworkNodePolicy, reported: ReportedStatus, term: AbortSignal): Promise<void> {
    if (isDone(reported) && isPermitted(policy)) await this.writer.withdrawPermission(policy, term);
    await this.writer.report(policy, reported, term);
  }

  private counts({ metadata }: SriovNetworkNodePolicy): boolean {
    return metadata.namespace === this.options.namespace;
  }
}
