/**
 * What a command printed, without what differs from run to run: durations, field managers' nonces, stack traces, the engine's
 * dots, and the order of rows of resources that are worked on side by side.
 */
export function plainText(stdout: string, stderr: string): string[] {
  const lines = steady(
    `${stdout}\n${stderr.replace(/^This is the lab's stand-in for Pulumi's engine.*\n/m, "")}`,
  ).split("\n");
  return operations(lines).flatMap(({ head, rows, rest }) => [
    ...head,
    ...orderedRows(rows),
    ...orderedDiagnostics(rest),
  ]);
}

/** Words that mean the same in every run. */
export function steady(text: string): string {
  return text
    .replaceAll(/ \(\d+(\.\d+)?s\)/g, "")
    .replaceAll(/\bpulumi-sriov-[0-9a-f]{12}-[0-9a-z]+/g, "pulumi-sriov-<nonce>")
    .replaceAll(/\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, "<uid>")
    .replaceAll(/\bfor \d+(\.\d+)? s\b/g, "for <n> s")
    .replaceAll(/https:\/\/127\.0\.0\.1:\d+/g, "https://<api server>");
}

interface Operation {
  readonly head: string[];
  readonly rows: string[];
  readonly rest: string[];
}

const NOISE = /^(@ .*|Duration: .*|\s+at .*|)$/;
const HEAD = /^(Previewing|Updating|Refreshing|Destroying) .*:$/;
const SECTION = /^(Diagnostics|Outputs|Resources|Changes):$/;

/** A command prints one operation or two, the first of which is a preview. */
function operations(lines: readonly string[]): Operation[] {
  const found: Operation[] = [];
  for (const line of lines.map((it) => it.trimEnd()).filter((it) => !NOISE.test(it))) {
    if (HEAD.test(line) || found.length === 0) found.push({ head: [], rows: [], rest: [] });
    const { head, rows, rest } = found.at(-1) ?? { head: [], rows: [], rest: [] };
    if (HEAD.test(line)) head.push(line);
    else if (rest.length > 0 || SECTION.test(line) || !ROW.test(line)) rest.push(line);
    else rows.push(line);
  }
  return found;
}

/** Mark, type and name; what becomes of it and what differs; what was said last, which stands with the diagnostics again. */
const ROW =
  /^( (?:[+~<>-]{1,2} ?| {2}) ?(\S+:\S+) (\S+))( (?:(?:re)?(?:creat|updat|delet|replac|refresh|read)\w*(?: replacement| original)?|\*\*.*?\*\*))?( \[diff: [^\]]*\])?(.*)$/;

/** Resource by resource, the stack last; of the stack's rows the last one, since the others come when they will. */
function orderedRows(rows: readonly string[]): string[] {
  const byResource = new Map<string, string[]>();
  for (const row of rows) {
    const [, subject = "", type = "", name = "", status = "", diff = ""] = ROW.exec(row) ?? [];
    const isStack = type === STACK;
    const key = `${isStack ? "~" : ""}${name} ${type}`;
    const known = byResource.get(key) ?? [];
    if (isStack) known.length = 0;
    const line = isStack ? stackRow(row) : `${subject}${status}${diff}`;
    if (known.at(-1) !== line) known.push(line);
    byResource.set(key, known);
  }
  return [...byResource].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([, own]) => own);
}

/**
 * A stack that is deleted ends with or without that word, as it comes. How many messages there were is a matter of how deep
 * stack traces are.
 */
function stackRow(row: string): string {
  return row
    .replace(/^ - ( .*) deleted\b/, "   $1 ")
    .replace(/[; ]*\d+ messages?$/, "")
    .trimEnd();
}

const STACK = "pulumi:pulumi:Stack";

/** Diagnostics stand resource by resource, in the order in which the resources first said something. */
function orderedDiagnostics(lines: readonly string[]): string[] {
  const from = lines.indexOf("Diagnostics:") + 1;
  if (from === 0) return [...lines];
  const length = lines.slice(from).findIndex((line) => !line.startsWith("  "));
  const to = length < 0 ? lines.length : from + length;
  const blocks: string[][] = [];
  for (const line of lines.slice(from, to)) {
    if (/^ {2}\S/.test(line)) blocks.push([]);
    blocks.at(-1)?.push(line);
  }
  const sorted = blocks.sort(([a = ""], [b = ""]) => (a < b ? -1 : 1));
  return [...lines.slice(0, from), ...sorted.flat(), ...lines.slice(to)];
}
