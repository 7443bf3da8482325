import { automation } from "@pulumi/pulumi";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { testProject, type TestProject } from "./project.js";

/** A stack of the engine under test, driven through the Automation API. Every method fails where its name says success. */
export interface TestStack {
  preview(program?: Program, options?: automation.PreviewOptions): Promise<Done>;
  up(program?: Program, options?: automation.UpOptions): Promise<Done>;
  refresh(options?: automation.RefreshOptions): Promise<Done>;
  destroy(): Promise<Done>;
  /** These resolve exactly if the operation fails. */
  previewFails(program?: Program): Promise<Done>;
  upFails(program?: Program): Promise<Done>;
  refreshFails(): Promise<Done>;
  destroyFails(): Promise<Done>;
  /** Resources in the state, without the stack itself and providers. */
  resources(): Promise<StateResource[]>;
  /** The state as the engine's backend has it on disk. */
  stateFile(): string;
  /** The same stack as another shell would see it: with more, or other, environment. */
  withEnvironment(environment: Readonly<Record<string, string>>): Promise<TestStack>;
  readonly automation: automation.Stack;
}

/** A program; gets the package as a program on disk would import it. Its result is the stack's outputs. */
export type Program = (sriov: TestProject["sriov"]) => Record<string, unknown> | undefined;

export interface StackOptions {
  readonly program?: Program;
  /** A folder with a program, instead of `program`. */
  readonly folder?: string;
  readonly config?: Readonly<Record<string, string | automation.ConfigValue>>;
  /** What the stack is called; default the tests' project, and a name of its own. */
  readonly identity?: StackIdentity;
  /** More environment; KUBECONFIG is the lab administrator's unless given here. */
  readonly environment?: Readonly<Record<string, string>>;
}

export interface StackIdentity {
  readonly project: string;
  readonly stack: string;
}

/** What an operation said and did. */
export interface Done {
  /** The whole error, as the Automation API gives it; empty where there was none. */
  readonly error: string;
  readonly diagnostics: readonly Diagnostic[];
  /** By name of the resource: what was, or is to be, done to it. Only steps that are no `same`. */
  readonly steps: Readonly<Record<string, Step>>;
  readonly outputs: Readonly<Record<string, unknown>>;
}

export interface Diagnostic {
  /** Name of the resource that it is about; empty for the stack's own. */
  readonly resource: string;
  readonly severity: string;
  readonly message: string;
}

export interface Step {
  readonly op: string;
  /** Properties that differ. */
  readonly diffs: readonly string[];
  /** The inputs as check left them: what a preview knows. */
  readonly inputs: Readonly<Record<string, unknown>>;
}

export interface StateResource {
  readonly urn: string;
  readonly id: string;
  readonly type: string;
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly outputs: Readonly<Record<string, unknown>>;
}

const PROJECT = "e2e";
let stacks = 0;

export async function openStack(options: StackOptions): Promise<TestStack> {
  const project = await testProject();
  const identity = options.identity ?? { project: PROJECT, stack: `t${++stacks}` };
  const stack = await select(project, identity, options);
  for (const [key, value] of Object.entries(options.config ?? {})) {
    await stack.setConfig(key, typeof value === "string" ? { value } : value);
  }
  return testStack(project, identity, stack, options);
}

/** The warnings that stand on the resource's own row. */
export function warningsOn(done: Done, resource: string): string[] {
  return done.diagnostics
    .filter((diagnostic) => diagnostic.resource === resource && diagnostic.severity === "warning")
    .map((diagnostic) => diagnostic.message);
}

/** The errors, wherever they stand, without the engine's own last word that the operation failed. */
export function errorsOf(done: Done): string[] {
  return done.diagnostics
    .filter(({ severity }) => severity === "error")
    .map(({ message }) => message.trim())
    .filter((message) => !/^(error: )?(preview|update|destroy|refresh) failed$/.test(message));
}

function testStack(
  project: TestProject,
  identity: StackIdentity,
  stack: automation.Stack,
  options: StackOptions,
): TestStack {
  type Operation = (onEvent: (event: automation.EngineEvent) => void) => Promise<unknown>;

  async function run(operation: Operation, expected: "success" | "failure"): Promise<Done> {
    const events: automation.EngineEvent[] = [];
    let error = "";
    let result: unknown;
    try {
      result = await operation((event) => events.push(event));
    } catch (thrown) {
      error = thrown instanceof Error ? thrown.message : String(thrown);
    }
    if ((error === "") !== (expected === "success")) throw new Error(error || "succeeded, and should have failed");
    return { error, diagnostics: diagnosticsOf(events), steps: stepsOf(events), outputs: outputsOf(result) };
  }
  const using = (program: Program | undefined): { program?: automation.PulumiFn } => {
    const chosen = program ?? options.program;
    return chosen === undefined ? {} : { program: () => Promise.resolve(chosen(project.sriov) ?? {}) };
  };
  const preview =
    (program?: Program, more: automation.PreviewOptions = {}): Operation =>
    (onEvent) =>
      stack.preview({ ...using(program), ...more, onEvent });
  const up =
    (program?: Program, more: automation.UpOptions = {}): Operation =>
    (onEvent) =>
      stack.up({
        ...using(program),
        ...more,
        onEvent(event) {
          onEvent(event);
          more.onEvent?.(event);
        },
      });
  const refresh =
    (more: automation.RefreshOptions = {}): Operation =>
    (onEvent) =>
      stack.refresh({ ...more, onEvent });
  const destroy: Operation = (onEvent) => stack.destroy({ onEvent });

  return {
    preview: (program, more) => run(preview(program, more), "success"),
    up: (program, more) => run(up(program, more), "success"),
    refresh: (more) => run(refresh(more), "success"),
    destroy: () => run(destroy, "success"),
    previewFails: (program) => run(preview(program), "failure"),
    upFails: (program) => run(up(program), "failure"),
    refreshFails: () => run(refresh(), "failure"),
    destroyFails: () => run(destroy, "failure"),
    async resources() {
      const { deployment } = (await stack.exportStack()) as { deployment: unknown };
      const { resources = [] } = deployment as { resources?: StateResource[] };
      // What else stands there is the engine's own, and need not stay over a refresh: timestamps, lists of dependencies.
      return resources
        .filter(({ type }) => !type.startsWith("pulumi:"))
        .map(({ urn, id, type, inputs, outputs }) => ({ urn, id, type, inputs, outputs }));
    },
    stateFile: () =>
      readFileSync(join(project.backend, ".pulumi", "stacks", identity.project, `${identity.stack}.json`), "utf8"),
    async withEnvironment(environment) {
      const changed = { ...options, environment: { ...options.environment, ...environment } };
      return testStack(project, identity, await select(project, identity, changed), changed);
    },
    automation: stack,
  };
}

async function select(
  project: TestProject,
  { project: projectName, stack: stackName }: StackIdentity,
  options: StackOptions,
): Promise<automation.Stack> {
  const workspace: automation.LocalWorkspaceOptions = {
    projectSettings: { name: projectName, runtime: "nodejs", backend: { url: `file://${project.backend}` } },
    envVars: {
      PULUMI_BACKEND_URL: `file://${project.backend}`,
      PULUMI_CONFIG_PASSPHRASE: "e2e",
      PULUMI_SKIP_UPDATE_CHECK: "true",
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
      KUBECONFIG: project.lab.controlPlane.kubeconfig,
      ...options.environment,
    },
  };
  if (options.folder !== undefined) {
    return automation.LocalWorkspace.createOrSelectStack({ stackName, workDir: options.folder }, workspace);
  }
  const program = (): Promise<void> => Promise.resolve();
  return automation.LocalWorkspace.createOrSelectStack(
    { stackName, projectName, program },
    { ...workspace, workDir: project.folder },
  );
}

function diagnosticsOf(events: readonly automation.EngineEvent[]): Diagnostic[] {
  return events
    .map((event) => event.diagnosticEvent)
    .filter((event) => event !== undefined && (event.severity as string) !== "debug")
    .map((event) => ({
      resource: event?.urn?.includes("pulumi:pulumi:Stack") ? "" : nameOf(event?.urn ?? ""),
      severity: event?.severity ?? "",
      message: event?.message ?? "",
    }));
}

function stepsOf(events: readonly automation.EngineEvent[]): Record<string, Step> {
  const steps = events
    .map((event) => event.resourcePreEvent?.metadata)
    .filter((metadata) => metadata !== undefined && metadata.op !== "same" && !metadata.type.startsWith("pulumi:"))
    .map((metadata) => [
      nameOf(metadata?.urn ?? ""),
      { op: metadata?.op ?? "", diffs: metadata?.diffs ?? [], inputs: metadata?.new?.inputs ?? {} },
    ]);
  // Of the steps of a replacement the first, which is the one with the new inputs.
  return Object.fromEntries(steps.reverse()) as Record<string, Step>;
}

function outputsOf(result: unknown): Record<string, unknown> {
  const { outputs = {} } = (result ?? {}) as { outputs?: automation.OutputMap };
  return Object.fromEntries(Object.entries(outputs).map(([name, output]) => [name, output.value as unknown]));
}

function nameOf(urn: string): string {
  return urn.split("::").at(-1) ?? "";
}
