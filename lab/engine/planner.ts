import { OldNames } from "./aliases.js";
import { Reported } from "./engine-error.js";
import { stateFor, type Goal } from "./goal.js";
import { withIgnoredChanges } from "./property-diff.js";
import { blame, isReplacement, resolveDiff, withReplaceOnChanges } from "./provider-diff.js";
import type { CheckFailure, Provider, ProviderDiff } from "./provider.js";
import type { Reporter } from "./reporter.js";
import { dependenciesOf, type ResourceState } from "./state.js";
import {
  createStep,
  deleteStep,
  existing,
  replaceStep,
  sameStep,
  updateStep,
  type Difference,
  type Step,
  type StepEnvironment,
} from "./steps.js";
import type { Targets } from "./targets.js";
import { isProviderType, makeUrn, parseReference, parseUrn, stackType } from "./urn.js";
import { equal, isObject, masked, unknownValue, type Properties, type Value } from "./values.js";

export interface PlannerEnvironment extends StepEnvironment {
  stack: string;
  project: string;
  reporter: Reporter;
  targets: Targets;
}

export interface Plan {
  state: ResourceState;
  steps: Step[];
  /** Not among the targets, and not there yet: nothing is done, and its outputs are unknown. */
  skipped: boolean;
}

/** Decides, resource by resource as the program registers them, what has to be done. */
export class Planner {
  readonly seen = new Set<string>();
  /** Deleted, or condemned, before their dependents were seen. */
  readonly condemned = new Set<ResourceState>();
  readonly deleted = new Set<string>();
  /** Something can't be done, which a preview has reported and gone on. */
  sawError = false;
  private readonly replaced = new Set<string>();
  private readonly names: OldNames;
  private readonly olds: Map<string, ResourceState>;

  constructor(
    private readonly env: PlannerEnvironment,
    private readonly base: ResourceState[],
    /** Old states that the program still wants, under whatever name; default providers among them. */
    readonly wanted: Set<ResourceState>,
  ) {
    this.names = new OldNames(env.stack, env.project, env.reporter);
    this.olds = new Map(base.filter((state) => !state.delete).map((state) => [state.urn, state]));
  }

  /** @throws Reported when the resource can't be: a duplicate, invalid inputs, protected from replacement */
  async plan(goal: Goal): Promise<Plan> {
    const urn = makeUrn(this.env.stack, this.env.project, goal.parent, goal.type, goal.name);
    if (this.seen.has(urn)) this.fail(urn, `Duplicate resource URN '${urn}'; try giving it a unique name`);
    const found = this.names.find(urn, goal, this.olds, this.seen);
    this.seen.add(urn);
    if (found) this.wanted.add(found);
    const old = found?.external ? undefined : found;
    const state = stateFor(urn, goal, found);
    const targeted = goal.type === stackType || isProviderType(goal.type) || this.env.targets.includes(state);
    if (!targeted) return this.leave(old, state);
    const { steps, skipped = false } = { steps: await this.stepsFor(goal, old, state) };
    if (found?.external) this.dropExternal(steps, found);
    return { state, steps, skipped };
  }

  private async stepsFor(goal: Goal, old: ResourceState | undefined, state: ResourceState): Promise<Step[]> {
    const { urn } = state;
    const provider = await this.env.providerOf(state);
    const recreating = old !== undefined && this.deleted.has(old.urn);
    const targetedReplace = old !== undefined && this.env.targets.replaces(urn);
    if (old) state.inputs = withIgnoredChanges(goal.inputs, old.inputs ?? {}, goal.ignoreChanges);
    if (provider) await this.check(provider, state, recreating || targetedReplace ? undefined : old?.inputs);
    if (!old) return [createStep(this.env, undefined, state)];
    if (recreating) {
      this.replaced.add(urn);
      this.deleted.delete(old.urn);
      return this.recreate(old, state, nothing);
    }
    const diff = targetedReplace ? blame("id") : await this.diff(provider, goal, old, state);
    return this.act(provider, goal, old, state, diff);
  }

  private leave(old: ResourceState | undefined, state: ResourceState): Plan {
    if (!old) return { state, steps: [], skipped: true };
    const kept = { ...old };
    return { state: kept, steps: [sameStep(old, kept)], skipped: false };
  }

  private dropExternal(steps: Step[], external: ResourceState): void {
    const create = steps.find((step) => step.op === "create");
    if (create) create.old = external;
  }

  private async check(provider: Provider, state: ResourceState, olds: Properties | undefined): Promise<void> {
    const news = state.inputs ?? {};
    const { inputs, failures } = await provider.check(state.urn, olds, news);
    if (failures.length > 0) this.refuse(state, failures);
    state.inputs = inputs;
  }

  private refuse(state: ResourceState, failures: CheckFailure[]): never {
    for (const failure of failures) {
      this.env.reporter.diagnostic("error", describeFailure(state, failure), state.urn);
    }
    throw new Reported(`resource ${state.urn} has check errors`);
  }

  private async diff(
    provider: Provider | undefined,
    goal: Goal,
    old: ResourceState,
    state: ResourceState,
  ): Promise<ProviderDiff> {
    if (state.deletedWith && this.replaced.has(state.deletedWith)) return blame("deletedWith");
    if (this.providerChanged(old, state)) return blame("provider");
    const news = state.inputs ?? {};
    const answer: ProviderDiff = provider
      ? await provider.diff({
          ...{ urn: state.urn, id: old.id ?? "", oldInputs: old.inputs ?? {}, oldOutputs: old.outputs ?? {} },
          ...{ newInputs: news, ignoreChanges: goal.ignoreChanges },
        })
      : { ...blame(), changes: equal(old.inputs ?? {}, news) ? "none" : "some" };
    const diff = resolveDiff(answer, old.inputs ?? {}, withIgnoredChanges(news, old.inputs ?? {}, goal.ignoreChanges));
    return withReplaceOnChanges(diff, goal.replaceOnChanges, old.initErrors !== undefined);
  }

  /** Another default provider of the same package is no reason to replace; any other provider is. */
  private providerChanged(old: ResourceState, state: ResourceState): boolean {
    if (!old.provider || !state.provider) return false;
    const [before, after] = [parseReference(old.provider), parseReference(state.provider)];
    const isDefault = ({ urn }: { urn: string }) => /^default(_|$)/.test(parseUrn(urn).name);
    return before.id !== after.id && !(isDefault(before) && isDefault(after));
  }

  private async act(
    provider: Provider | undefined,
    goal: Goal,
    old: ResourceState,
    state: ResourceState,
    diff: ProviderDiff,
  ): Promise<Step[]> {
    const difference: Difference = { keys: diff.replaces, diffs: diff.diffs, detailedDiff: diff.detailedDiff };
    const changed = diff.changes === "some";
    if (old.pendingReplacement || (changed && isReplacement(diff))) {
      return this.replace(provider, goal, old, state, diff, difference);
    }
    if (changed || old.initErrors !== undefined) return [updateStep(this.env, old, state, difference)];
    return [sameStep(old, state)];
  }

  private async replace(
    provider: Provider | undefined,
    goal: Goal,
    old: ResourceState,
    state: ResourceState,
    diff: ProviderDiff,
    difference: Difference,
  ): Promise<Step[]> {
    if (old.protect && state.protect) {
      const message =
        `unable to replace resource "${state.urn}"\nas it is currently marked for protection. To unprotect the resource, ` +
        "remove the `protect` flag from the resource in your Pulumi program and run `pulumi up`";
      // A preview goes on, to show the difference that is to blame.
      if (!this.env.dryRun) this.fail(state.urn, message);
      this.env.reporter.diagnostic("error", message, state.urn);
      this.sawError = true;
    }
    this.replaced.add(state.urn);
    if (provider) {
      // Defaults that were carried over from the old inputs are not the new object's.
      state.inputs = goal.inputs;
      await this.check(provider, state, undefined);
    }
    if (!(goal.deleteBeforeReplace ?? diff.deleteBeforeReplace)) {
      return [
        createStep(this.env, old, state, { ...difference, deleteLater: true }),
        replaceStep(old, state, difference),
      ];
    }
    const dependents = await this.dependentsToReplace(old);
    const deletes = dependents.reverse().flatMap((dependent) => this.condemn(dependent, state.urn));
    if (old.pendingReplacement) return [...deletes, ...this.recreate(old, state, difference)];
    this.deleted.add(old.urn);
    return [...deletes, deleteStep(this.env, old, "to-be-replaced"), ...this.recreate(old, state, difference)];
  }

  private recreate(old: ResourceState, state: ResourceState, difference: Difference): Step[] {
    return [
      replaceStep(old, state, difference),
      createStep(this.env, old, state, { ...difference, deleteLater: false }),
    ];
  }

  private condemn(dependent: ResourceState, cause: string): Step[] {
    if (this.condemned.has(dependent)) return [];
    if (dependent.protect && !dependent.delete) {
      this.fail(
        dependent.urn,
        `unable to replace resource "${dependent.urn}" as part of replacing "${cause}" as it is currently marked for ` +
          "protection. To unprotect the resource, remove the `protect` flag from the resource in your Pulumi program " +
          "and run `pulumi up`",
      );
    }
    this.condemned.add(dependent);
    this.deleted.add(dependent.urn);
    return [deleteStep(this.env, dependent, dependent.delete ? "gone" : "to-be-replaced")];
  }

  /**
   * What has to go before `root` is deleted and made anew: dependents that would be replaced themselves if the
   * properties that come from a replaced resource were to change. In dependency order.
   */
  private async dependentsToReplace(root: ResourceState): Promise<ResourceState[]> {
    const affected = new Set([root.urn]);
    const doomed = new Set([root.urn]);
    const result: ResourceState[] = [];
    for (const state of this.base.slice(this.base.indexOf(root) + 1)) {
      if (!dependenciesOf(state).some((urn) => affected.has(urn)) || state.parent === root.urn) continue;
      if (this.seen.has(state.urn) || this.wanted.has(state)) continue;
      affected.add(state.urn);
      if (!(await this.fallsWith(state, doomed))) continue;
      doomed.add(state.urn);
      result.push(state);
    }
    return result;
  }

  private async fallsWith(state: ResourceState, doomed: Set<string>): Promise<boolean> {
    if (!state.custom || state.external) return false;
    if (state.provider && doomed.has(parseReference(state.provider).urn)) return true;
    if (state.deletedWith && doomed.has(state.deletedWith)) return true;
    const dependsOnDoomed = (key: string) => (state.propertyDependencies?.[key] ?? []).some((urn) => doomed.has(urn));
    const inputs = state.inputs ?? {};
    if (!Object.keys(inputs).some(dependsOnDoomed)) return false;
    const changed = Object.fromEntries(
      Object.entries(inputs).map(([key, value]) => [key, dependsOnDoomed(key) ? unknownValue : value]),
    );
    const provider = await this.env.providerOf(state);
    if (!provider) return false;
    const { urn, id, outputs } = existing(state);
    const ignoreChanges = state.ignoreChanges ?? [];
    const request = { urn, id, oldInputs: inputs, oldOutputs: outputs, newInputs: changed, ignoreChanges };
    const diff = resolveDiff(await provider.diff(request), inputs, changed);
    return isReplacement(withReplaceOnChanges(diff, state.replaceOnChanges ?? [], false));
  }

  private fail(urn: string, message: string): never {
    this.env.reporter.diagnostic("error", message, urn);
    throw new Reported(message);
  }
}

const nothing: Difference = { keys: [], diffs: [], detailedDiff: undefined };

/** Why the provider refuses the inputs, in the engine's words. */
export function describeFailure(state: ResourceState, { property, reason }: CheckFailure): string {
  const subject = `${state.type} resource '${parseUrn(state.urn).name}'`;
  if (!property) return `${subject} has a problem: ${reason}`;
  return `${subject}: property ${property} value ${inGo(masked(state.inputs ?? {})[property])} has a problem: ${reason}`;
}

/** Pulumi prints the value at fault with Go's own format. */
function inGo(value: Value | undefined): string {
  if (Array.isArray(value)) return `{[${value.map(inGo).join(" ")}]}`;
  if (!isObject(value)) return `{${value === null || value === undefined ? "<nil>" : String(value)}}`;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{map[${entries.map(([key, item]) => `${key}:${inGo(item)}`).join(" ")}]}`;
}
