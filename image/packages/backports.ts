/** The text of one of apt's source files, in either of its two formats. */
export interface AptSource {
  readonly format: "deb822" | "list";
  readonly text: string;
}

/**
 * Sources for the backports suite, at the same mirrors and with the same options as the machine's own sources for the
 * suite `codename`. Empty where there is nothing to derive them from, or backports are among the sources already.
 */
export function backportsSources(sources: readonly AptSource[], codename: string): AptSource[] {
  if (codename === "") return [];
  const suite = `${codename}-backports`;
  const entries = sources.flatMap(({ format, text }) =>
    (format === "deb822" ? stanzas(text) : text.split("\n")).map((entry) => ({ format, entry })),
  );
  if (entries.some(({ format, entry }) => isEnabled(format, entry) && suites(format, entry).includes(suite))) return [];
  return entries
    .filter(({ format, entry }) => isEnabled(format, entry) && suites(format, entry).includes(codename))
    .map(({ format, entry }) => ({ format, text: `${withSuite(format, entry, suite)}\n` }));
}

function stanzas(text: string): string[] {
  const withoutComments = text.replace(/^#.*\n?/gm, "");
  return withoutComments.split(/\n\s*\n/).map((stanza) => stanza.trim());
}

/** `deb [options] uri suite components…` */
const listEntry = /^(\s*deb\s+(?:\[[^\]]*\]\s+)?\S+\s+)(\S+)(.*)$/;

function isEnabled(format: AptSource["format"], entry: string): boolean {
  if (format === "list") return listEntry.test(entry);
  return (field(entry, "Types") ?? "").split(/\s+/).includes("deb") && field(entry, "Enabled")?.toLowerCase() !== "no";
}

function suites(format: AptSource["format"], entry: string): string[] {
  if (format === "list") return [listEntry.exec(entry)?.[2] ?? ""];
  return (field(entry, "Suites") ?? "").split(/\s+/);
}

function withSuite(format: AptSource["format"], entry: string, suite: string): string {
  if (format === "list") return entry.replace(listEntry, `$1${suite}$3`);
  return entry.replace(/^Suites:.*$/im, `Suites: ${suite}`).replace(/^Types:.*$/im, "Types: deb");
}

function field(stanza: string, name: string): string | undefined {
  return new RegExp(`^${name}:[ \\t]*(.*)$`, "im").exec(stanza)?.[1]?.trim();
}
