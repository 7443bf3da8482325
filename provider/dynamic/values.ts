/** Values as Pulumi hands them to a dynamic provider, and as it takes them back. */

/** What stands for a value that is not known during a preview (`@pulumi/pulumi`, runtime/rpc.ts). */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

export type Bag = Readonly<Record<string, unknown>>;

/** Takes the unknown properties out, so that nothing mistakes the sentinel for a value. */
export function splitUnknown(properties: Bag): { readonly known: Bag; readonly unknown: ReadonlySet<string> } {
  const entries = Object.entries(properties);
  return {
    known: Object.fromEntries(entries.filter(([, value]) => !hasUnknown(value))),
    unknown: new Set(entries.filter(([, value]) => hasUnknown(value)).map(([name]) => name)),
  };
}

/** Without keys that are undefined, at any depth: Pulumi cannot carry them ("Unexpected struct type"). */
export function withoutUndefined<T>(value: T): T {
  if (Array.isArray(value)) return value.map(withoutUndefined) as T;
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([, part]) => part !== undefined);
  return Object.fromEntries(entries.map(([name, part]) => [name, withoutUndefined(part as unknown)])) as T;
}

function hasUnknown(value: unknown): boolean {
  if (value === UNKNOWN) return true;
  if (typeof value !== "object" || value === null) return false;
  return Object.values(value).some(hasUnknown);
}
