import { changedKeys, compare, covers, parsePath, type DetailedDiff, type DiffKind } from "./property-diff.js";
import type { ProviderDiff } from "./provider.js";
import type { Properties } from "./values.js";

/** A change that the engine itself decided on, for the sake of this property. */
export function blame(...keys: string[]): ProviderDiff {
  return { changes: "some", replaces: keys, deleteBeforeReplace: false, diffs: [], detailedDiff: undefined };
}

/** Where the provider doesn't say whether anything changed, the inputs are compared. */
export function resolveDiff(diff: ProviderDiff, olds: Properties, news: Properties): ProviderDiff {
  if (diff.changes !== "unknown") return diff;
  const detailedDiff = compare(olds, news);
  if (Object.keys(detailedDiff).length === 0) return { ...diff, changes: "none" };
  return { ...diff, changes: "some", diffs: changedKeys(detailedDiff), detailedDiff };
}

export function withReplaceOnChanges(diff: ProviderDiff, patterns: string[], hasInitErrors: boolean): ProviderDiff {
  if (diff.changes !== "some" && !hasInitErrors) return diff;
  const forced = (path: string) => patterns.some((pattern) => covers(parsePath(pattern), parsePath(path)));
  const detailedDiff: DetailedDiff | undefined =
    diff.detailedDiff &&
    Object.fromEntries(
      Object.entries(diff.detailedDiff).map(([path, { diffKind, inputDiff }]) => [
        path,
        { diffKind: forced(path) ? asReplace(diffKind) : diffKind, inputDiff },
      ]),
    );
  const initErrorsForce = hasInitErrors && forced("#initerror");
  const replaces = [...diff.replaces, ...diff.diffs.filter(forced), ...(initErrorsForce ? ["#initerror"] : [])];
  const changes = initErrorsForce ? "some" : diff.changes;
  return { ...diff, changes, replaces: [...new Set(replaces)], detailedDiff };
}

function asReplace(kind: DiffKind): DiffKind {
  return kind.endsWith("-replace") ? kind : (`${kind}-replace` as DiffKind);
}

export function isReplacement(diff: ProviderDiff): boolean {
  const details = Object.values(diff.detailedDiff ?? {});
  return diff.replaces.length > 0 || details.some(({ diffKind }) => diffKind.endsWith("-replace"));
}
