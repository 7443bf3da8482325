import { Reported } from "./engine-error.js";
import type { Alias, Goal } from "./goal.js";
import type { Reporter } from "./reporter.js";
import type { ResourceState } from "./state.js";
import { makeUrn, parseUrn, stackType } from "./urn.js";

/** Finds what a resource was called in the state, by its URN, its aliases, and those its parents were found under. */
export class OldNames {
  /** Today's URN to the old one, for resources found under an alias. */
  private readonly foundUnder = new Map<string, string>();
  private readonly claimed = new Map<string, string>();

  constructor(
    private readonly stack: string,
    private readonly project: string,
    private readonly reporter: Reporter,
  ) {}

  find(urn: string, goal: Goal, olds: Map<string, ResourceState>, seen: Set<string>): ResourceState | undefined {
    this.refuseSecondClaim(urn, urn);
    const own = olds.get(urn);
    if (own) return own;
    for (const alias of this.candidates(goal)) {
      const old = olds.get(alias);
      if (!old) continue;
      this.refuseSecondClaim(urn, alias);
      if (seen.has(alias)) this.refuse(urn, alias, alias);
      this.claimed.set(alias, urn);
      this.foundUnder.set(urn, alias);
      return old;
    }
    return undefined;
  }

  private candidates(goal: Goal): string[] {
    const own = goal.aliases.map((alias) => this.resolve(goal, alias));
    const parentAlias = this.foundUnder.get(goal.parent);
    if (parentAlias === undefined) return own;
    const inherited = [{ type: goal.type, name: goal.name }, ...own.map(parseUrn)].map(({ type, name }) =>
      this.inherit(type, name, parseUrn(goal.parent).name, parentAlias),
    );
    return [...own, ...inherited];
  }

  private resolve(goal: Goal, alias: Alias): string {
    if (alias.urn !== undefined) return alias.urn;
    const given = alias.parent ? (this.foundUnder.get(alias.parent) ?? alias.parent) : goal.parent;
    const underStack = given !== "" && parseUrn(given).qualifiedType === stackType;
    const parent = alias.noParent || underStack ? "" : given;
    const { name, type, stack, project } = alias;
    return makeUrn(stack || this.stack, project || this.project, parent, type || goal.type, name || goal.name);
  }

  /** A child named after its parent was named after the parent's old name. */
  private inherit(type: string, name: string, parentName: string, parentAlias: string): string {
    const oldName = name.startsWith(parentName) ? parseUrn(parentAlias).name + name.slice(parentName.length) : name;
    return makeUrn(this.stack, this.project, parentAlias, type, oldName);
  }

  private refuseSecondClaim(urn: string, name: string): void {
    const other = this.claimed.get(name);
    if (other !== undefined) this.refuse(urn, name, other);
  }

  private refuse(urn: string, alias: string, other: string): never {
    const message =
      urn === alias
        ? `Duplicate resource URN '${urn}' conflicting with alias on resource with URN '${other}'`
        : `Duplicate resource alias '${alias}' applied to resource with URN '${urn}' conflicting with resource with URN '${other}'`;
    this.reporter.diagnostic("error", message, urn);
    throw new Reported(message);
  }
}
