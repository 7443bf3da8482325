import type { ResourceState } from "./state.js";
import type { Properties } from "./values.js";

/** A resource as the program wants it. */
export interface Goal {
  type: string;
  name: string;
  custom: boolean;
  /** URN, or empty. */
  parent: string;
  inputs: Properties;
  /** Reference; empty for the default provider of the package. */
  provider: string;
  version: string;
  dependencies: string[];
  propertyDependencies: Record<string, string[]>;
  aliases: Alias[];
  ignoreChanges: string[];
  replaceOnChanges: string[];
  additionalSecretOutputs: string[];
  protect: boolean;
  retainOnDelete: boolean;
  deleteBeforeReplace: boolean | undefined;
  deletedWith: string;
  /** In seconds. */
  customTimeouts: { create?: number; update?: number; delete?: number };
  importId: string;
}

/** An earlier name of the resource: a URN, or what differed from today's. */
export type Alias =
  | { urn: string }
  | { urn?: undefined; name: string; type: string; stack: string; project: string; parent: string; noParent: boolean };

/** What the program is told of a resource. */
export interface Registered {
  state: ResourceState;
  /** Left out of this operation by --target: it has no outputs yet. */
  unknown: boolean;
}

/** The new state of a resource, before any operation on it. */
export function stateFor(urn: string, goal: Goal, old: ResourceState | undefined): ResourceState {
  const timeouts = Object.keys(goal.customTimeouts).length > 0;
  return {
    urn,
    custom: goal.custom,
    type: goal.type,
    inputs: goal.inputs,
    ...(goal.parent && { parent: goal.parent }),
    ...(goal.protect && { protect: true }),
    ...(goal.dependencies.length > 0 && { dependencies: goal.dependencies }),
    ...(goal.provider && { provider: goal.provider }),
    ...(Object.keys(goal.propertyDependencies).length > 0 && { propertyDependencies: goal.propertyDependencies }),
    ...(goal.additionalSecretOutputs.length > 0 && { additionalSecretOutputs: goal.additionalSecretOutputs }),
    ...(old !== undefined && old.urn !== urn && { aliases: [old.urn] }),
    ...(timeouts && { customTimeouts: goal.customTimeouts }),
    ...(goal.retainOnDelete && { retainOnDelete: true }),
    ...(goal.deletedWith && { deletedWith: goal.deletedWith }),
    ...(old?.created !== undefined && { created: old.created }),
    ...(old?.modified !== undefined && { modified: old.modified }),
    ...(goal.ignoreChanges.length > 0 && { ignoreChanges: goal.ignoreChanges }),
    ...(goal.replaceOnChanges.length > 0 && { replaceOnChanges: goal.replaceOnChanges }),
  };
}
