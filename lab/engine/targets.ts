import { dependenciesOf, type ResourceState } from "./state.js";

/** Which resources an operation is about: all, unless `--target` or `--exclude` says otherwise. `*` and `**` are wildcards. */
export class Targets {
  private readonly chosen = new Set<string>();
  private readonly included: RegExp[];
  private readonly excluded: RegExp[];
  private readonly replaced: RegExp[];

  constructor(
    private readonly patterns: { targets: string[]; excludes: string[]; replaces: string[]; dependents: boolean },
  ) {
    // What is to be replaced is a target too.
    const targets = patterns.targets.length > 0 ? [...patterns.targets, ...patterns.replaces] : [];
    this.included = targets.map(glob);
    this.excluded = patterns.excludes.map(glob);
    this.replaced = patterns.replaces.map(glob);
  }

  get constrained(): boolean {
    return this.included.length > 0;
  }

  includes(state: ResourceState): boolean {
    if (this.excluded.some((pattern) => pattern.test(state.urn))) return false;
    if (!this.constrained) return true;
    const named = [state.urn, ...(state.aliases ?? [])].some((urn) => this.included.some((it) => it.test(urn)));
    const dependent = this.patterns.dependents && dependenciesOf(state).some((urn) => this.chosen.has(urn));
    if (named || dependent) this.chosen.add(state.urn);
    return named || dependent;
  }

  replaces(urn: string): boolean {
    return this.replaced.some((pattern) => pattern.test(urn));
  }

  /** Patterns without wildcard that match none of the URNs. */
  unmatched(urns: Iterable<string>): string[] {
    const known = new Set(urns);
    const literal = [...this.patterns.targets, ...this.patterns.replaces].filter((pattern) => !pattern.includes("*"));
    return literal.filter((pattern) => !known.has(pattern));
  }
}

function glob(pattern: string): RegExp {
  const parts = pattern.split(/(\*\*|\*)/).map((part) => {
    if (part === "**") return ".*";
    return part === "*" ? "[^:]*" : part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  });
  return new RegExp(`^${parts.join("")}$`);
}
