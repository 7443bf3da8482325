import { omit } from "./omit.js";
import type { Backend } from "./backend.js";
import type { Crypter } from "./secrets.js";
import {
  newDeployment,
  sealDeployment,
  type Deployment,
  type OperationType,
  type PendingOperation,
  type ResourceState,
} from "./state.js";
import { parseReference } from "./urn.js";

/** Where a state is kept; a preview keeps none. */
export interface Store {
  save(deployment: Deployment): void;
}

export function backendStore(backend: Backend, project: string, stack: string, crypter: () => Crypter): Store {
  return {
    save: (deployment) => backend.save(project, stack, sealDeployment(deployment, crypter())),
  };
}

/**
 * The state while an operation runs: what was there before (`base`), less what is done with, after what is new. It is
 * written before each operation on a real object (as pending) and after it, so that a crash loses no knowledge.
 */
export class Snapshot {
  private readonly news: ResourceState[] = [];
  private readonly done = new Set<ResourceState>();
  private readonly running = new Map<ResourceState, OperationType>();
  private dirty = false;

  constructor(
    private base: ResourceState[],
    /** Interrupted creates stay listed until somebody says what became of them; the other kinds are healed by going on. */
    private readonly interrupted: PendingOperation[],
    private readonly salt: string | undefined,
    private readonly store: Store | undefined,
  ) {}

  begin(state: ResourceState, type: OperationType): void {
    this.running.set(state, type);
    this.write();
  }

  end(state: ResourceState): void {
    this.running.delete(state);
  }

  add(state: ResourceState): void {
    this.news.push(state);
    this.dirty = true;
  }

  remove(state: ResourceState): void {
    this.done.add(state);
    this.dirty = true;
  }

  /** After a refresh: the states as they were found. */
  rebase(base: ResourceState[]): void {
    this.base = base;
    this.dirty = true;
  }

  touch(): void {
    this.dirty = true;
  }

  write(): void {
    this.dirty = false;
    this.store?.save(this.deployment());
  }

  close(): void {
    if (this.dirty) this.write();
  }

  private deployment(): Deployment {
    const resources = [...this.news, ...this.base.filter((state) => !this.done.has(state))];
    const pending = [...this.running].map(([resource, type]) => ({ resource, type }));
    return newDeployment(renamed(resources), [...this.interrupted, ...pending], this.salt);
  }
}

/** References to a resource that was found under an alias point to its new URN; the aliases themselves are not kept. */
function renamed(resources: ResourceState[]): ResourceState[] {
  const newNames = new Map<string, string>();
  for (const { urn, aliases } of resources) for (const alias of aliases ?? []) newNames.set(alias, urn);
  if (newNames.size === 0) return resources;
  const fix = (urn: string) => newNames.get(urn) ?? urn;
  return resources.map((state) => {
    const result: ResourceState = omit(state, "aliases");
    if (result.parent) result.parent = fix(result.parent);
    if (result.deletedWith) result.deletedWith = fix(result.deletedWith);
    if (result.dependencies) result.dependencies = result.dependencies.map(fix);
    if (result.provider) {
      const { urn, id } = parseReference(result.provider);
      result.provider = `${fix(urn)}::${id}`;
    }
    if (result.propertyDependencies) {
      result.propertyDependencies = Object.fromEntries(
        Object.entries(result.propertyDependencies).map(([key, urns]) => [key, urns.map(fix)]),
      );
    }
    return result;
  });
}
