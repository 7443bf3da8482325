import { randomUUID } from "node:crypto";
import type { Op } from "./events.js";
import type { DetailedDiff } from "./property-diff.js";
import { InitFailed, type Provider } from "./provider.js";
import type { OperationType, ResourceState } from "./state.js";
import { unknownValue, type Properties } from "./values.js";
import { isProviderType } from "./urn.js";

/** One move on one resource: what it is called, what it does, and how it shows in the state. */
export interface Step {
  op: Op;
  urn: string;
  type: string;
  old: ResourceState | undefined;
  new: ResourceState | undefined;
  keys: string[];
  diffs: string[];
  detailedDiff: DetailedDiff | undefined;
  /** False for the halves of a replacement and for reads: they don't count as a change of their own. */
  logical: boolean;
  /** Default providers: done, but not shown. */
  internal: boolean;
  /** Under which name the operation is pending while it runs. */
  pending: OperationType | undefined;
  apply(): Promise<void>;
  /** What the step turned out to be: a refresh is an update, a delete, or nothing. */
  result?: () => Op;
}

export interface Difference {
  keys: string[];
  diffs: string[];
  detailedDiff: DetailedDiff | undefined;
}

export interface StepEnvironment {
  dryRun: boolean;
  /** Loads the provider of a resource; undefined for components and providers themselves. */
  providerOf(state: ResourceState): Promise<Provider | undefined>;
  /** True if the resource named here is deleted in this operation. */
  isDeleted(urn: string): boolean;
}

const nothing: Difference = { keys: [], diffs: [], detailedDiff: undefined };

function base(op: Op, old: ResourceState | undefined, state: ResourceState | undefined, difference = nothing) {
  const subject = state ?? old;
  if (subject === undefined) throw new Error(`a ${op} step needs a resource`);
  const { urn, type } = subject;
  return { op, urn, type, old, new: state, ...difference, logical: true, internal: false, pending: undefined };
}

export function sameStep(old: ResourceState, state: ResourceState): Step {
  return {
    ...base("same", old, state),
    apply() {
      if (old.id !== undefined) state.id = old.id;
      if (old.outputs) state.outputs = old.outputs;
      if (old.initErrors) state.initErrors = old.initErrors;
      return Promise.resolve();
    },
  };
}

export function createStep(
  env: StepEnvironment,
  old: ResourceState | undefined,
  state: ResourceState,
  replacement?: Difference & { deleteLater: boolean },
): Step {
  return {
    ...base(replacement ? "create-replacement" : "create", old, state, replacement),
    logical: replacement === undefined,
    pending: "creating",
    async apply() {
      const provider = state.custom ? await env.providerOf(state) : undefined;
      const isProvider = isProviderType(state.type);
      if (isProvider) state.outputs = { ...state.inputs };
      if (provider && env.dryRun) state.outputs = await previewed(provider, state, undefined);
      const exists = () => {
        state.created = state.modified = new Date().toISOString();
        if (replacement?.deleteLater && old) old.delete = true;
      };
      if (provider && !env.dryRun) return create(provider, state, exists);
      if (isProvider && !env.dryRun) state.id = randomUUID();
      exists();
    },
  };
}

async function previewed(
  provider: Provider | undefined,
  state: ResourceState,
  old: ResourceState | undefined,
): Promise<Properties> {
  const { urn, inputs = {} } = state;
  return (await provider?.preview?.(urn, inputs, old && { ...existing(old), timeout: 0 })) ?? { ...inputs };
}

/** Calls `exists` once the object is there, be it only half what it should be. */
async function create(provider: Provider, state: ResourceState, exists: () => void): Promise<void> {
  try {
    const { id, outputs } = await provider.create(state.urn, state.inputs ?? {}, state.customTimeouts?.create ?? 0);
    if (id === "") throw new Error("provider did not return an ID from Create");
    Object.assign(state, { id, outputs });
    exists();
  } catch (error) {
    if (error instanceof InitFailed) {
      Object.assign(state, { id: error.id, outputs: error.outputs, initErrors: error.reasons });
      exists();
    }
    throw error;
  }
}

export function updateStep(
  env: StepEnvironment,
  old: ResourceState,
  state: ResourceState,
  difference: Difference,
): Step {
  return {
    ...base("update", old, state, difference),
    pending: "updating",
    async apply() {
      if (old.id !== undefined) state.id = old.id;
      if (!state.custom) return;
      const provider = await env.providerOf(state);
      if (env.dryRun) {
        state.outputs = await previewed(provider, state, old);
        return;
      }
      const timeout = state.customTimeouts?.update ?? 0;
      try {
        state.outputs = provider
          ? await provider.update({ ...existing(old), timeout }, state.inputs ?? {}, state.ignoreChanges ?? [])
          : { ...state.inputs };
        state.modified = new Date().toISOString();
      } catch (error) {
        if (error instanceof InitFailed) {
          // The object is not what the new inputs say: the next `up` must find the difference again.
          Object.assign(state, { outputs: error.outputs, initErrors: error.reasons, inputs: { ...old.inputs } });
          state.modified = new Date().toISOString();
        }
        throw error;
      }
    },
  };
}

/** The middle of a replacement, which is what counts and shows as the change. */
export function replaceStep(old: ResourceState, state: ResourceState, difference: Difference): Step {
  return { ...base("replace", old, state, difference), apply: () => Promise.resolve() };
}

export type DeleteReason = "gone" | "replaced" | "to-be-replaced";

export function deleteStep(env: StepEnvironment, old: ResourceState, reason: DeleteReason): Step {
  return {
    ...base(reason === "gone" ? "delete" : "delete-replaced", old, undefined),
    logical: reason === "gone",
    pending: "deleting",
    async apply() {
      if (reason === "gone" && old.protect) throw new ProtectedError(old.urn);
      const leftAlone =
        env.dryRun || old.external || old.retainOnDelete || (old.deletedWith && env.isDeleted(old.deletedWith));
      if (!leftAlone && old.custom) {
        const provider = await env.providerOf(old);
        await provider?.delete({ ...existing(old), timeout: old.customTimeouts?.delete ?? 0 });
      }
      if (reason === "to-be-replaced") old.pendingReplacement = true;
    },
  };
}

/** Deleted earlier to be replaced, and then left out of the program: nothing is there any more. */
export function forgetStep(old: ResourceState): Step {
  return { ...base("remove-pending-replace", old, undefined), logical: false, apply: () => Promise.resolve() };
}

export function readStep(env: StepEnvironment, old: ResourceState | undefined, state: ResourceState): Step {
  return {
    ...base("read", old, state),
    pending: "reading",
    async apply() {
      // A preview knows no id of what has yet to be made, and so nothing else of it.
      if (state.id === unknownValue) {
        state.outputs = {};
        return;
      }
      const provider = await env.providerOf(state);
      const inputs = state.inputs ?? {};
      const found = await provider?.read({ urn: state.urn, id: state.id ?? "", inputs, outputs: inputs, timeout: 0 });
      if (found?.id === "") throw new Error(`resource '${state.id ?? ""}' does not exist`);
      state.outputs = found?.outputs ?? inputs;
      if (found) state.id = found.id;
    },
  };
}

export class ProtectedError extends Error {
  override readonly name = "ProtectedError";

  constructor(urn: string) {
    super(
      `resource "${urn}" cannot be deleted\nbecause it is protected. To unprotect the resource, either remove the ` +
        "`protect` flag from the resource in your Pulumi program and run `pulumi up`, or use the command:\n" +
        `\`pulumi state unprotect '${urn}'\``,
    );
  }
}

export function existing(state: ResourceState) {
  return { urn: state.urn, id: state.id ?? "", inputs: state.inputs ?? {}, outputs: state.outputs ?? {} };
}
