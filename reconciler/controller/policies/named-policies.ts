/** Of a thousand policies for one NIC, named for each of its NICs, a status would have no room. */
const NAMED = 3;

/** `policy a`, `policies a, b` or `policies a, b, c and 7 more`; `names`: at least one. */
export function namedPolicies(names: readonly string[]): string {
  const rest = names.length > NAMED ? ` and ${names.length - NAMED} more` : "";
  return `${names.length === 1 ? "policy" : "policies"} ${names.slice(0, NAMED).join(", ")}${rest}`;
}
