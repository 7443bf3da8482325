import type { Backend } from "./backend.js";
import { keepProtected, runDeletes } from "./deletes.js";
import { messageOf, Reported } from "./engine-error.js";
import type { Changes, EventSink } from "./events.js";
import { Executor } from "./executor.js";
import { runImport, type ImportSpec } from "./import.js";
import { startMonitor, type Monitor } from "./monitor.js";
import { Planner } from "./planner.js";
import { runInlineProgram, runProgram, type RunningProgram } from "./program.js";
import type { Config, Project, StackSettings } from "./project.js";
import { Providers } from "./providers.js";
import { runRefresh } from "./refresh.js";
import { Registrations } from "./registrations.js";
import { Reporter } from "./reporter.js";
import { backendStore, Snapshot } from "./snapshot.js";
import { openDeployment, type Deployment, type ResourceState } from "./state.js";
import type { StepEnvironment } from "./steps.js";
import type { Targets } from "./targets.js";
import { secret, type Properties } from "./values.js";

export interface Stack {
  name: string;
  project: Project;
  settings: StackSettings;
  backend: Backend;
}

export interface OperationOptions {
  kind: "update" | "refresh" | "destroy" | "import";
  /** Only says what would be done. */
  dryRun: boolean;
  /** Reads all resources before anything else; always so for the kind "refresh". */
  refresh: boolean;
  targets: Targets;
  parallel: number;
  /** Where an inline program of the Automation API listens. */
  inlineProgram: string | undefined;
  /** A destroy leaves protected resources, and what they need, alone. */
  excludeProtected: boolean;
  /** What the kind "import" puts on record. */
  imports: readonly ImportSpec[];
}

export interface OperationResult {
  changes: Changes;
  failed: boolean;
  cancelled: boolean;
}

/** One preview, update, refresh or destroy, from the state on disk to the state on disk. */
export class Operation {
  private readonly reporter: Reporter;
  private readonly config: Config;
  private readonly deployment: Deployment;
  private readonly snapshot: Snapshot;
  private readonly executor: Executor;
  private base: ResourceState[];
  private readonly wanted = new Set<ResourceState>();
  private providers: Providers | undefined;
  private cancelled = false;

  constructor(
    private readonly stack: Stack,
    private readonly options: OperationOptions,
    sink: EventSink,
  ) {
    const { settings, backend, project, name } = stack;
    this.reporter = new Reporter(sink, options.dryRun, options.kind === "refresh");
    const stored = backend.load(project.name, name);
    const crypter = () => settings.secrets(stored.secrets_providers?.state.salt);
    this.deployment = openDeployment(stored, crypter);
    this.config = settings.all(true);
    this.base = this.deployment.resources ?? [];
    const interrupted = (this.deployment.pending_operations ?? []).filter(({ type }) => type === "creating");
    const store = options.dryRun ? undefined : backendStore(backend, project.name, name, crypter);
    this.snapshot = new Snapshot(this.base, interrupted, options.dryRun ? undefined : crypter().salt, store);
    this.executor = new Executor(this.reporter, this.snapshot, options.parallel);
  }

  /** Starts nothing more, and asks what runs to end early. */
  cancel(): void {
    this.cancelled = true;
    this.executor.stop();
    this.providers?.cancel();
  }

  async run(): Promise<OperationResult> {
    const blinded = Object.entries(this.config).map(([key, { value, secret }]) => [key, secret ? "[secret]" : value]);
    this.reporter.prelude(Object.fromEntries(blinded) as Record<string, string>);
    try {
      await this.carryOut();
    } catch (error) {
      if (!(error instanceof Reported)) this.reporter.diagnostic("error", messageOf(error));
      this.executor.fail();
    }
    await this.executor.idle();
    await this.providers?.stop();
    this.snapshot.close();
    const { failed } = this.executor;
    this.reporter.end(failed || this.cancelled);
    return { changes: this.reporter.changes, failed, cancelled: this.cancelled };
  }

  private async carryOut(): Promise<void> {
    const { kind, dryRun, targets } = this.options;
    if (kind !== "refresh" && !this.options.refresh && !dryRun) this.warnOfInterruptedOperations();
    for (const missing of targets.unmatched(this.base.map(({ urn }) => urn))) {
      if (kind === "update" && !this.options.refresh) continue;
      this.reporter.diagnostic("error", `Target '${missing}' could not be found in the stack.`);
      throw new Reported("no such target");
    }
    const monitor = await startMonitor();
    try {
      await this.withMonitor(monitor);
    } finally {
      monitor.stop();
    }
  }

  private async withMonitor(monitor: Monitor): Promise<void> {
    const { kind, dryRun, targets } = this.options;
    const deleted = new Set<string>();
    const env: StepEnvironment = {
      dryRun,
      providerOf: (state) => this.providersAt(monitor.address).of(state),
      isDeleted: (urn) => deleted.has(urn),
    };
    monitor.serve(new Registrations(this.registrationContext(env, monitor.address)));
    if (kind === "refresh" || this.options.refresh) {
      this.base = await runRefresh(this.base, env, targets, this.executor, this.reporter, this.snapshot);
      if (this.executor.failed) this.reportResult();
      if (this.executor.failed || kind === "refresh") return;
      await this.providers?.stop();
      this.providers = undefined;
    }
    if (kind === "import") {
      await this.importResources(env, monitor.address);
      this.reportResult();
      return;
    }
    const planner = new Planner({ ...env, ...this.names(), reporter: this.reporter, targets }, this.base, this.wanted);
    const live: StepEnvironment = { ...env, isDeleted: (urn) => planner.deleted.has(urn) };
    const registered = new Registrations(this.registrationContext(live, monitor.address, planner));
    monitor.serve(registered);
    if (this.options.excludeProtected) keepProtected(this.base, this.wanted);
    if (kind === "destroy") await runDeletes(this.base, planner, live, targets, this.executor);
    else await this.runTheProgram(monitor, registered, planner, live);
    if (planner.sawError) this.executor.failed = this.executor.stepFailed = true;
    registered.finishStackOutputs(this.executor.failed || this.cancelled);
    this.reportResult();
  }

  private async importResources(env: StepEnvironment, engineAddress: string): Promise<void> {
    const { executor, reporter, base, wanted } = this;
    const defaultProvider = (type: string) => this.providersAt(engineAddress).defaultFor(type, "");
    const context = { env, executor, reporter, base, wanted, defaultProvider, ...this.names() };
    await runImport(this.options.imports, context);
  }

  private async runTheProgram(
    monitor: Monitor,
    registrations: Registrations,
    planner: Planner,
    env: StepEnvironment,
  ): Promise<void> {
    const program = this.startProgram(monitor.address);
    const stopped = new Promise<"stopped">((resolve) => this.executor.onStop(() => resolve("stopped")));
    const first = await Promise.race([registrations.programDone, program.ended, stopped]);
    if (first !== "stopped") {
      await registrations.settled();
      if (first !== "finished" && first.error !== undefined) {
        if (!first.reported) this.reporter.diagnostic("error", first.error);
        this.executor.fail();
        throw new Reported(first.error);
      }
      await runDeletes(this.base, planner, env, this.options.targets, this.executor);
    }
    await this.executor.idle();
    registrations.release();
    await endOf(program, this.executor.isStopped ? 1000 : 10_000);
  }

  private startProgram(engineAddress: string): RunningProgram {
    const { project, name } = this.stack;
    const { dryRun, parallel, inlineProgram } = this.options;
    const output = this.printer();
    const options = { project, stack: name, config: this.config, dryRun, parallel, engineAddress, output };
    return inlineProgram === undefined ? runProgram(options) : runInlineProgram(options, inlineProgram);
  }

  private providersAt(engineAddress: string): Providers {
    this.providers ??= new Providers({
      ...this.names(),
      programFolder: this.stack.project.programFolder,
      engineAddress,
      dryRun: this.options.dryRun,
      config: this.configProperties(),
      oldStates: this.base,
      wanted: this.wanted,
      output: this.printer(),
      report: (urn, severity, message) => this.reporter.diagnostic(severity, message, urn, { ephemeral: true }),
      run: (steps) => this.executor.runInOrder(steps),
    });
    return this.providers;
  }

  private registrationContext(env: StepEnvironment, engineAddress: string, planner?: Planner) {
    const providers = () => this.providersAt(engineAddress);
    const { executor, reporter, snapshot, base } = this;
    return { env, planner, executor, reporter, snapshot, providers, base, ...this.names() };
  }

  private names() {
    return { stack: this.stack.name, project: this.stack.project.name };
  }

  private configProperties(): Properties {
    const entries = Object.entries(this.config);
    return Object.fromEntries(entries.map(([key, { value, secret: hide }]) => [key, hide ? secret(value) : value]));
  }

  /** What a program or a provider prints, as messages of the stack. */
  private printer(): (stream: "stdout" | "stderr", text: string) => void {
    return (stream, text) => {
      if (text.trim() !== "") this.reporter.diagnostic(stream === "stdout" ? "info" : "info#err", text);
    };
  }

  private reportResult(): void {
    const kind = this.options.dryRun ? "preview" : "update";
    if (this.executor.stepFailed) this.reporter.diagnostic("error", `${kind} failed`);
    else if (this.cancelled) this.reporter.diagnostic("error", `${kind} canceled`);
  }

  private warnOfInterruptedOperations(): void {
    const pending = this.deployment.pending_operations ?? [];
    if (pending.length === 0) return;
    const list = pending.map(({ resource, type }) => `  * ${resource.urn}, interrupted while ${type}\n`).join("");
    this.reporter.diagnostic(
      "warning",
      `Attempting to deploy or update resources with ${pending.length} pending operations from previous deployment.\n` +
        `${list}These resources are in an unknown state because the engine was interrupted while waiting for changes to ` +
        "these resources to complete. You should confirm whether or not the operations listed completed successfully.\n\n" +
        "Once you have confirmed the status of the interrupted operations, you can repair your stack using " +
        "`pulumi refresh` which will refresh the state from the provider you are using and clear the pending " +
        "operations if there are any.\n\n" +
        "Note that `pulumi refresh --clear-pending-creates` is needed to clear pending CREATE operations.",
    );
  }
}

/** Gives the program a while to end by itself. */
async function endOf(program: RunningProgram, milliseconds: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<void>((resolve) => (timer = setTimeout(resolve, milliseconds)));
  await Promise.race([program.ended, patience]);
  clearTimeout(timer);
  await program.kill();
}
