import { join } from "node:path";
import { counted, type Importable, KIND_NAMES } from "./kinds.js";

export const DOCUMENT = "import.json";
export const PROGRAM = "index.ts";

/** What was written, and what to do with it. */
export function summary(resources: readonly Importable[], origin: string, out: string): string {
  const counts = KIND_NAMES.map((kind) => [kind, resources.filter((one) => one.kind === kind).length] as const);
  const parts = counts.filter(([, count]) => count > 0).map(([kind, count]) => counted(count, kind));
  return `${parts.join(", ")} of ${origin}: ${DOCUMENT} and ${PROGRAM} are written to ${out}.

With ${PROGRAM} as your stack's program, or part of it:
  pulumi import --file ${join(out, DOCUMENT)} --yes --generate-code=false --protect=false
  pulumi preview --expect-no-changes
`;
}

/** Why nothing was written. What is left out has been told before, line by line. */
export function nothingToImport(origin: string, nodes: readonly string[], leftOut: readonly string[]): string {
  if (leftOut.length > 0) return `Nothing to import from ${origin}, beside what is left out.\n`;
  const what = nodes.length === 0 ? "anything" : `anything on ${nodes.join(" or ")}, nor any policy or network,`;
  return `Nothing to import: nobody has declared ${what} in ${origin}.\n`;
}
