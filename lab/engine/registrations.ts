import { EngineError, Reported } from "./engine-error.js";
import type { Severity } from "./events.js";
import type { Executor } from "./executor.js";
import type { Goal, Registered } from "./goal.js";
import type { MonitorHandlers, ReadRequest } from "./monitor.js";
import type { Planner } from "./planner.js";
import type { Providers } from "./providers.js";
import type { Reporter } from "./reporter.js";
import type { Snapshot } from "./snapshot.js";
import type { ResourceState } from "./state.js";
import { readStep, type Step, type StepEnvironment } from "./steps.js";
import { isProviderType, makeUrn, stackType } from "./urn.js";
import { equal, type Properties } from "./values.js";

export interface RegistrationContext {
  env: StepEnvironment;
  /** Absent while resources are only refreshed. */
  planner: Planner | undefined;
  executor: Executor;
  reporter: Reporter;
  snapshot: Snapshot;
  providers: () => Providers;
  base: ResourceState[];
  stack: string;
  project: string;
}

/** Answers the program: each registration is planned in turn, and carried out beside the others. */
export class Registrations implements MonitorHandlers {
  readonly programDone: Promise<"finished">;
  private announceDone: () => void = () => undefined;
  private letGo: () => void = () => undefined;
  private readonly released: Promise<void>;
  /** The planning of one resource at a time: each decision may depend on the ones before. */
  private turn: Promise<unknown> = Promise.resolve();
  private readonly open = new Set<Promise<unknown>>();
  private readonly lastSteps = new Map<string, Step>();
  private stackOutputs: { urn: string; outputs: Properties } | undefined;

  constructor(private readonly context: RegistrationContext) {
    this.programDone = new Promise((resolve) => (this.announceDone = () => resolve("finished")));
    this.released = new Promise((resolve) => (this.letGo = resolve));
  }

  register(readGoal: () => Promise<Goal>): Promise<Registered> {
    return this.track(this.doRegister(readGoal));
  }

  read(request: ReadRequest): Promise<{ urn: string; outputs: Properties }> {
    return this.track(this.doRead(request));
  }

  registerOutputs(urn: string, outputs: Properties): Promise<void> {
    const step = this.lastSteps.get(urn);
    if (!step?.new) {
      if (this.context.executor.isStopped) return Promise.reject(new Reported("stopped"));
      return Promise.reject(new EngineError(`cannot complete a resource '${urn}' whose registration isn't pending`));
    }
    if (step.type === stackType) this.stackOutputs = { urn, outputs };
    else this.setOutputs(step, outputs);
    return Promise.resolve();
  }

  invoke(token: string, args: Properties): Promise<Properties> {
    if (token !== "pulumi:pulumi:getResource") {
      return Promise.reject(new EngineError(`unknown function '${token}': this stand-in engine serves no functions`));
    }
    const urn = typeof args["urn"] === "string" ? args["urn"] : "";
    const state = this.lastSteps.get(urn)?.new;
    if (!state) return Promise.reject(new EngineError(`unknown resource ${urn}`));
    return Promise.resolve({ urn, id: state.id ?? "", state: state.outputs ?? {} });
  }

  log(severity: Severity, message: string, urn: string, streamId: number, ephemeral: boolean): void {
    this.context.reporter.diagnostic(severity, message, urn, { streamId, ephemeral });
  }

  programFinished(): Promise<void> {
    this.announceDone();
    return this.released;
  }

  /** Resolves when every call of the program so far has been answered. */
  async settled(): Promise<void> {
    while (this.open.size > 0) await Promise.allSettled([...this.open]);
  }

  /** Lets the program end. */
  release(): void {
    this.letGo();
  }

  /** After a failure, what the program did not get to say is kept as it was. */
  finishStackOutputs(failed: boolean): void {
    if (!this.stackOutputs) return;
    const step = this.lastSteps.get(this.stackOutputs.urn);
    const old = failed ? step?.old?.outputs : undefined;
    if (step) this.setOutputs(step, { ...old, ...this.stackOutputs.outputs });
  }

  private setOutputs(step: Step, outputs: Properties): void {
    const { reporter, snapshot } = this.context;
    if (step.new && !equal(step.new.outputs, outputs)) {
      step.new.outputs = outputs;
      snapshot.touch();
    }
    reporter.outputs(step);
  }

  private async doRegister(readGoal: () => Promise<Goal>): Promise<Registered> {
    const { executor, planner, providers } = this.context;
    if (!planner) throw new EngineError("no program runs now");
    const { goal, state, steps, skipped } = await this.inTurn(async () => {
      const goal = await readGoal();
      if (goal.importId) throw new EngineError("the resource option `import` is not supported by this stand-in engine");
      if (goal.custom && !isProviderType(goal.type) && !goal.provider) {
        goal.provider = await providers().defaultFor(goal.type, goal.version);
      }
      return { goal, ...(await planner.plan(goal)) };
    });
    const last = steps.findLast((step) => step.new === state && step.op !== "replace");
    if (last) this.lastSteps.set(state.urn, last);
    await executor.runInOrder(steps);
    if (isProviderType(goal.type)) providers().register(state);
    return { state, unknown: skipped };
  }

  private async doRead(request: ReadRequest): Promise<{ urn: string; outputs: Properties }> {
    const { executor, env, providers, stack, project, base, planner } = this.context;
    const { type, name, id, parent, inputs } = request;
    const urn = makeUrn(stack, project, parent, type, name);
    const { state, steps } = await this.inTurn(async () => {
      const provider = request.provider || (await providers().defaultFor(type, request.version));
      const old = base.find((known) => known.urn === urn && !known.delete && known.external);
      if (old) planner?.wanted.add(old);
      planner?.seen.add(urn);
      const { dependencies, additionalSecretOutputs } = request;
      const state: ResourceState = {
        ...{ urn, type, custom: true, external: true, id, inputs, provider },
        ...(parent && { parent }),
        ...(dependencies.length > 0 && { dependencies }),
        ...(additionalSecretOutputs.length > 0 && { additionalSecretOutputs }),
      };
      return { state, steps: [readStep(env, old, state)] };
    });
    await executor.runInOrder(steps);
    return { urn, outputs: state.outputs ?? {} };
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const { executor, reporter } = this.context;
    const result = this.turn.then(async () => {
      if (executor.isStopped) throw new Reported("stopped");
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof Reported)) reporter.diagnostic("error", (error as Error).message);
        executor.fail();
        throw new Reported("planning failed", { cause: error });
      }
    });
    this.turn = result.catch(() => undefined);
    return result;
  }

  private track<T>(work: Promise<T>): Promise<T> {
    const entry = work.finally(() => this.open.delete(entry));
    this.open.add(entry);
    entry.catch(() => undefined);
    return work;
  }
}
