import type { Arguments, Flag } from "./command-line.js";
import { UsageError } from "./command-line.js";
import { EngineError } from "./engine-error.js";
import { ExitStatus } from "./exit-status.js";
import { dependenciesOf, type Deployment, type ResourceState } from "./state.js";
import { parseReference, parseUrn } from "./urn.js";
import type { Workspace } from "./workspace.js";

/** `pulumi state …`: changes of what is on record, which touch no real object. */

const yes: Flag = { kind: "boolean", short: "y" };
const all: Flag = { kind: "boolean" };

export const stateFlags = {
  delete: { yes, force: { kind: "boolean" } },
  rename: { yes },
  unprotect: { yes, all },
  protect: { yes, all },
} satisfies Record<string, Record<string, Flag>>;

/** `pulumi state delete URN…` */
export function forget(workspace: Workspace, args: Arguments): number {
  const urns = args.values;
  if (urns.length === 0) throw new EngineError("Must supply <resource URN> unless pulumi is run interactively");
  change(workspace, (resources) => {
    for (const state of urns.map((urn) => find(resources, urn))) {
      if (state.protect && !args.has("force")) {
        throw new EngineError(
          `${state.urn} can't be safely deleted because it is protected. Re-run this command with --force to force deletion`,
        );
      }
      if (state.protect) {
        console.error(`warning: deleting protected resource ${state.urn} due to presence of --force`);
      }
    }
    const rest = resources.filter(({ urn }) => !urns.includes(urn));
    for (const urn of urns) refuseNeeded(urn, rest);
    return rest;
  });
  return say(urns.length === 1 ? "Resource deleted" : "Resources deleted");
}

/** `pulumi state rename URN NAME` */
export function rename(workspace: Workspace, args: Arguments): number {
  const [urn, name] = args.values;
  if (urn === undefined || name === undefined) throw new UsageError("state rename needs a URN and a new name");
  if (!urn.startsWith("urn:pulumi:")) throw new EngineError("The provided input URN is not valid");
  change(workspace, (resources) => {
    find(resources, urn);
    const renamed = urn.slice(0, urn.length - parseUrn(urn).name.length) + name;
    if (resources.some((state) => state.urn === renamed)) {
      throw new EngineError("The chosen new urn for the state corresponds to an already existing resource");
    }
    // Only what the engine itself knows of it: what a provider has noted in the properties stays as it was.
    return resources.map((state) => withReferences(state, (it) => (it === urn ? renamed : it)));
  });
  return say("Resource renamed");
}

/** `pulumi state protect URN…` and `unprotect URN…`, or `--all`. */
export function setProtection(protect: boolean): (workspace: Workspace, args: Arguments) => number {
  return (workspace, args) => {
    const urns = args.values;
    const every = args.has("all");
    if (urns.length === 0 && !every) throw new UsageError("give the URN of a resource, or --all");
    change(workspace, (resources) => {
      for (const urn of urns) find(resources, urn);
      return resources.map((state) => (every || urns.includes(state.urn) ? { ...state, protect } : state));
    });
    const what = every ? "All" : String(urns.length);
    return say(`${what} resources ${protect ? "" : "un"}protected`);
  };
}

function change(workspace: Workspace, edit: (resources: ResourceState[]) => ResourceState[]): void {
  const { name, project, backend } = workspace.stack();
  const unlock = backend.lock(project.name, name);
  try {
    const { resources = [], ...rest } = backend.load(project.name, name);
    const edited = edit(resources);
    const deployment: Deployment = { ...rest, ...(edited.length > 0 && { resources: edited }) };
    backend.save(project.name, name, deployment);
  } finally {
    unlock();
  }
}

function find(resources: readonly ResourceState[], urn: string): ResourceState {
  const found = resources.find((state) => state.urn === urn && !state.delete);
  if (found === undefined) {
    throw new EngineError(
      `No such resource "${urn}" exists in the current state\nTo list the resource URNs in the stack, run ` +
        "`pulumi stack --show-urns`; to inspect the full state, run `pulumi stack export`.",
    );
  }
  return found;
}

function refuseNeeded(urn: string, rest: readonly ResourceState[]): void {
  const dependents = rest.filter((state) => dependenciesOf(state).includes(urn));
  if (dependents.length === 0) return;
  const list = dependents.map((state) => ` * "${parseUrn(state.urn).name}" (${state.urn})`).join("\n");
  throw new EngineError(
    `${urn} can't be safely deleted because the following resources depend on it:\n${list}\n\n` +
      "Delete those resources first or pass --target-dependents.",
  );
}

/** The state with each URN in it, its own too, as `fix` has it. */
function withReferences(state: ResourceState, fix: (urn: string) => string): ResourceState {
  const { urn, parent, deletedWith, dependencies, provider, propertyDependencies } = state;
  const reference = provider === undefined ? undefined : parseReference(provider);
  return {
    ...state,
    urn: fix(urn),
    ...(parent !== undefined && { parent: fix(parent) }),
    ...(deletedWith !== undefined && { deletedWith: fix(deletedWith) }),
    ...(dependencies && { dependencies: dependencies.map(fix) }),
    ...(reference && { provider: `${fix(reference.urn)}::${reference.id}` }),
    ...(propertyDependencies && {
      propertyDependencies: Object.fromEntries(
        Object.entries(propertyDependencies).map(([key, urns]) => [key, urns.map(fix)]),
      ),
    }),
  };
}

function say(text: string): number {
  console.log(text);
  return ExitStatus.ok;
}
