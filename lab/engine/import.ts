import { readFileSync } from "node:fs";
import { EngineError } from "./engine-error.js";
import type { Executor } from "./executor.js";
import { describeFailure } from "./planner.js";
import type { Reporter } from "./reporter.js";
import type { ResourceState } from "./state.js";
import { createStep, sameStep, type Step, type StepEnvironment } from "./steps.js";
import { isProviderType, makeUrn, packageOf, stackType, stackUrn } from "./urn.js";
import type { Properties } from "./values.js";

/** One resource of the file that `pulumi import --file` takes. */
export interface ImportSpec {
  readonly type: string;
  readonly name: string;
  readonly id: string;
  /** URN; the stack's where the file names no parent. */
  readonly parent: string | undefined;
  readonly inputs: Properties;
  readonly outputs: Properties;
  readonly protect: boolean;
}

interface ImportFile {
  readonly nameTable?: Readonly<Record<string, string>>;
  readonly resources?: readonly FileResource[];
}

interface FileResource {
  readonly type?: string;
  readonly name?: string;
  readonly id?: string;
  readonly parent?: string;
  readonly inputs?: Properties;
  readonly outputs?: Properties;
}

/** @throws {EngineError} where the file asks for what this engine does not have. */
export function readImportFile(path: string, protect: boolean): readonly ImportSpec[] {
  const { resources = [], nameTable = {} } = JSON.parse(readFileSync(path, "utf8")) as ImportFile;
  if (resources.length === 0) throw new EngineError("no resources to import");
  return resources.map((resource, index) => specOf(resource, index, nameTable, protect));
}

const KNOWN_FIELDS = ["type", "name", "id", "parent", "inputs", "outputs"];

function specOf(
  resource: FileResource,
  index: number,
  nameTable: Readonly<Record<string, string>>,
  protect: boolean,
): ImportSpec {
  const { type, name, id, inputs = {}, outputs = {} } = resource;
  const which = `resource ${name === undefined ? String(index) : `'${name}'`}${type === undefined ? "" : ` of type '${type}'`}`;
  const strange = Object.keys(resource).find((field) => !KNOWN_FIELDS.includes(field));
  if (strange !== undefined) throw new EngineError(`${which}: this stand-in engine does not know '${strange}'`);
  if (type === undefined) throw new EngineError(`${which} has no type`);
  if (name === undefined) throw new EngineError(`${which} has no name`);
  if (id === undefined) throw new EngineError(`${which} has no ID`);
  // Without them the engine would ask the provider, which for a dynamic resource stands in its properties alone.
  if (Object.keys(outputs).length === 0) throw new EngineError(`${which} has no outputs: this stand-in needs them`);
  const parent = resource.parent === undefined ? undefined : nameTable[resource.parent];
  if (resource.parent !== undefined && parent === undefined)
    throw new EngineError(`the parent '${resource.parent}' for ${which} has no entry in 'nameTable'`);
  return { type, name, id, parent, inputs, outputs, protect };
}

export interface ImportContext {
  readonly env: StepEnvironment;
  readonly executor: Executor;
  readonly reporter: Reporter;
  readonly stack: string;
  readonly project: string;
  readonly base: readonly ResourceState[];
  /** Old states that stand in the new state already. */
  readonly wanted: ReadonlySet<ResourceState>;
  defaultProvider(type: string): Promise<string>;
}

/** Puts resources on record that are there already, and leaves all that was on record as it is. */
export async function runImport(specs: readonly ImportSpec[], context: ImportContext): Promise<void> {
  const { env, executor, stack, project, base, wanted } = context;
  const providers = new Map<string, string>();
  for (const { type } of specs) {
    if (!providers.has(packageOf(type))) providers.set(packageOf(type), await context.defaultProvider(type));
  }
  const root = stackUrn(stack, project);
  const known = base.filter((state) => !wanted.has(state));
  if (!known.some(({ urn }) => urn === root)) {
    await executor.runInOrder([createStep(env, undefined, { urn: root, type: stackType, custom: false, inputs: {} })]);
  }
  await executor.runInOrder(
    known.map((state) => ({ ...sameStep(state, { ...state }), internal: isProviderType(state.type) })),
  );
  const steps = specs.flatMap((spec) => {
    const parent = spec.parent ?? root;
    const urn = makeUrn(stack, project, parent, spec.type, spec.name);
    const old = base.find((state) => state.urn === urn && !state.delete);
    if (old?.id === spec.id) return [];
    const provider = providers.get(packageOf(spec.type)) ?? "";
    return [importStep(context, spec, { urn, parent, provider, taken: old !== undefined })];
  });
  await executor.runTogether(steps);
}

interface Place {
  readonly urn: string;
  readonly parent: string;
  readonly provider: string;
  /** Another object stands under that name. */
  readonly taken: boolean;
}

function importStep({ env, reporter }: ImportContext, spec: ImportSpec, { urn, parent, provider, taken }: Place): Step {
  const { type, id, inputs, outputs, protect } = spec;
  const now = new Date().toISOString();
  const state: ResourceState = {
    ...{ urn, type, custom: true, id, inputs, outputs, parent, provider, created: now, modified: now },
    ...(protect && { protect }),
  };
  return {
    ...{ op: "import", urn, type, old: undefined, new: state, keys: [], diffs: [], detailedDiff: undefined },
    ...{ logical: true, internal: false, pending: undefined },
    async apply() {
      if (taken) throw new Error(`resource '${urn}' already exists`);
      const provider = await env.providerOf(state);
      // What it makes of the inputs is not kept: the program's next run has them checked again.
      const { failures = [] } = (await provider?.check(urn, inputs, inputs)) ?? {};
      if (failures.length === 0) return;
      reporter.diagnostic(
        "warning",
        `One or more imported inputs failed to validate. This is almost certainly a bug in the \`${packageOf(type)}\` ` +
          "provider. The import will still proceed, but you will need to edit the generated code after copying it into " +
          "your program.",
        urn,
      );
      for (const failure of failures) reporter.diagnostic("warning", describeFailure(state, failure), urn);
    },
  };
}

/** What the real engine says where it is not told to leave the program alone: only packages with a schema have one. */
export function generatedProgramError(specs: readonly ImportSpec[]): EngineError {
  const pkg = packageOf(specs[0]?.type ?? "");
  return new EngineError(
    `loading package '${pkg}@nil': Error loading schema from plugin: rpc error: code = Unimplemented desc = GetSchema is ` +
      "not implemented by the dynamic provider",
  );
}
