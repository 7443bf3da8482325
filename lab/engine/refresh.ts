import { omit } from "./omit.js";
import type { Op } from "./events.js";
import type { Executor } from "./executor.js";
import { changedKeys, invert } from "./property-diff.js";
import { resolveDiff } from "./provider-diff.js";
import { InitFailed, type Provider, type ReadResult } from "./provider.js";
import type { Reporter } from "./reporter.js";
import type { Snapshot } from "./snapshot.js";
import { dependenciesOf, type ResourceState } from "./state.js";
import { existing, type Step, type StepEnvironment } from "./steps.js";
import type { Targets } from "./targets.js";
import { isDefaultProvider, parseReference } from "./urn.js";
import { equal } from "./values.js";

/** Reads every resource and answers the states as they were found; what is gone is left out. */
export async function runRefresh(
  base: ResourceState[],
  env: StepEnvironment,
  targets: Targets,
  executor: Executor,
  reporter: Reporter,
  snapshot: Snapshot,
): Promise<ResourceState[]> {
  const steps = new Map(
    base.filter((state) => targets.includes(state)).map((state) => [state, refreshStep(state, env, reporter)] as const),
  );
  await executor.runTogether([...steps.values()]);
  const found = withoutDanglingReferences(
    base.flatMap((state) => {
      const step = steps.get(state);
      return step ? (step.new ?? []) : state;
    }),
  );
  snapshot.rebase(found);
  snapshot.write();
  return found;
}

function refreshStep(old: ResourceState, env: StepEnvironment, reporter: Reporter): Step {
  let result: Op = "same";
  const step: Step = {
    ...{ op: "refresh", urn: old.urn, type: old.type, old, new: old, keys: [], diffs: [], detailedDiff: undefined },
    ...{ logical: false, internal: isDefaultProvider(old.urn), pending: undefined },
    result: () => result,
    async apply() {
      const provider = old.custom && !old.pendingReplacement ? await env.providerOf(old) : undefined;
      if (!provider) return;
      const { found, initErrors } = await read(provider, old);
      if (found.id === "") {
        step.new = undefined;
        result = "delete";
        return;
      }
      if (initErrors) {
        const list = initErrors.join("\n* ");
        reporter.diagnostic("warning", `Refreshed resource is in an unhealthy state:\n* ${list}`, old.urn);
      }
      step.new = asFound(old, found, initErrors);
      if (old.external) {
        result = equal(old.outputs, found.outputs) ? "same" : "update";
        return;
      }
      const drift = await driftOf(provider, old, step.new);
      if (!drift) return;
      Object.assign(step, drift);
      result = "update";
    },
  };
  return step;
}

/** The change that an `up` would make now, seen from the other side. */
async function driftOf(
  provider: Provider,
  old: ResourceState,
  found: ResourceState,
): Promise<Pick<Step, "diffs" | "detailedDiff"> | undefined> {
  const { urn, id, inputs, outputs } = existing(found);
  const wished = old.inputs ?? {};
  const ignoreChanges = old.ignoreChanges ?? [];
  const request = { urn, id, oldInputs: inputs, oldOutputs: outputs, newInputs: wished, ignoreChanges };
  const diff = resolveDiff(await provider.diff(request), inputs, wished);
  if (diff.changes !== "some") return undefined;
  const detailedDiff = diff.detailedDiff && invert(diff.detailedDiff);
  return { detailedDiff, diffs: detailedDiff ? changedKeys(detailedDiff) : diff.diffs };
}

async function read(provider: Provider, old: ResourceState): Promise<{ found: ReadResult; initErrors?: string[] }> {
  try {
    return { found: await provider.read({ ...existing(old), timeout: 0 }) };
  } catch (error) {
    if (!(error instanceof InitFailed)) throw error;
    const { id, inputs, outputs, reasons } = error;
    return { found: { id, inputs, outputs }, initErrors: reasons };
  }
}

function asFound(old: ResourceState, found: ReadResult, initErrors: string[] | undefined): ResourceState {
  const inputs = found.inputs ?? old.inputs ?? {};
  const moved = !equal(inputs, old.inputs ?? {}) || !equal(found.outputs, old.outputs ?? {});
  return {
    ...omit(old, "initErrors"),
    ...{ id: found.id, inputs, outputs: found.outputs },
    ...(initErrors && { initErrors }),
    ...(moved && { modified: new Date().toISOString() }),
  };
}

/** A dependency on what is gone would make the state invalid. */
function withoutDanglingReferences(states: ResourceState[]): ResourceState[] {
  const urns = new Set(states.map((state) => state.urn));
  const there = (urn: string) => urns.has(urn);
  return states.map((state) => {
    if (dependenciesOf(state).every(there)) return state;
    const { parent, deletedWith } = state;
    const dependencies = state.dependencies?.filter(there) ?? [];
    const provider = state.provider && there(parseReference(state.provider).urn) ? state.provider : undefined;
    return {
      ...omit(state, "parent", "deletedWith", "provider", "dependencies"),
      ...(parent && there(parent) && { parent }),
      ...(deletedWith && there(deletedWith) && { deletedWith }),
      ...(provider && { provider }),
      ...(dependencies.length > 0 && { dependencies }),
      ...(state.propertyDependencies && {
        propertyDependencies: Object.fromEntries(
          Object.entries(state.propertyDependencies).map(([key, list]) => [key, list.filter(there)]),
        ),
      }),
    };
  });
}
