import { UnknownValueError } from "@pulumi/policy";

/** The inputs of a resource that are known before `up`, and the names of the others. */
export interface KnownInputs {
  readonly known: Readonly<Record<string, unknown>>;
  readonly unknown: ReadonlySet<string>;
}

/** Of what a policy is given: an object that throws where something is read that is not known, at any depth. */
export function knownInputs(props: Readonly<Record<string, unknown>>): KnownInputs {
  const known: Record<string, unknown> = {};
  const unknown = new Set<string>();
  for (const name of Object.keys(props)) {
    if (name === "__provider") continue;
    try {
      known[name] = plain(props[name]);
    } catch (error) {
      if (!(error instanceof UnknownValueError)) throw error;
      unknown.add(name);
    }
  }
  return { known, unknown };
}

function plain(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}
