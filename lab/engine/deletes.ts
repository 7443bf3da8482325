import type { Executor } from "./executor.js";
import type { Planner } from "./planner.js";
import { dependenciesOf, type ResourceState } from "./state.js";
import { deleteStep, forgetStep, type Step, type StepEnvironment } from "./steps.js";
import type { Targets } from "./targets.js";
import { isDefaultProvider } from "./urn.js";

/** Deletes, dependents first, what the program no longer wants and what was replaced. */
export async function runDeletes(
  base: ResourceState[],
  planner: Planner,
  env: StepEnvironment,
  targets: Targets,
  executor: Executor,
): Promise<void> {
  const steps = planDeletes(base, planner, env, targets);
  let remaining = new Map(steps.map((step) => [step.old, step] as const));
  const blocked = new Set<string>();
  while (remaining.size > 0 && !executor.isStopped) {
    const needed = new Set(base.filter((state) => remaining.has(state)).flatMap(dependenciesOf));
    const ready = [...remaining.values()].filter((step) => !needed.has(step.urn));
    // Resources of one URN, some replaced earlier, may wait for each other: then all of them go.
    const wave = ready.length > 0 ? ready : [...remaining.values()];
    const failed = await executor.runTogether(wave.filter((step) => !blocked.has(step.urn)));
    for (const { old } of [...failed, ...wave.filter((step) => blocked.has(step.urn))]) {
      if (old) dependenciesOf(old).forEach((urn) => blocked.add(urn));
    }
    const finished = new Set(wave);
    remaining = new Map([...remaining].filter(([, step]) => !finished.has(step)));
  }
}

/** Counts as wanted what is protected, and all that it needs. */
export function keepProtected(base: ResourceState[], wanted: Set<ResourceState>): void {
  const needed = new Set<string>();
  for (const state of [...base].reverse()) {
    if (!state.protect && !needed.has(state.urn)) continue;
    wanted.add(state);
    dependenciesOf(state).forEach((urn) => needed.add(urn));
  }
}

function planDeletes(base: ResourceState[], planner: Planner, env: StepEnvironment, targets: Targets): Step[] {
  const steps: Step[] = [];
  for (const state of base) {
    const unwanted = !planner.wanted.has(state);
    if (state.delete ? planner.condemned.has(state) : !unwanted) continue;
    if (!targets.includes(state)) continue;
    planner.deleted.add(state.urn);
    if (state.delete) steps.push(deleteStep(env, state, "replaced"));
    else if (state.pendingReplacement) steps.push(forgetStep(state));
    else steps.push({ ...deleteStep(env, state, "gone"), internal: isDefaultProvider(state.urn) });
  }
  return steps;
}
