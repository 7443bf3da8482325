import { describeVf, type PlannedVf } from "../vf-count.js";

/** What a change of one object does to hardware, and to whom. */
export interface Impact {
  /** Name of the NIC's object or of the claim; of a network `<namespace>/<name>`. */
  readonly object: string;
  readonly kind: "nic" | "claim" | "network";
  readonly nodeName?: string;
  /** In a line: `4 → 6 VFs`, `taken from igbvf`. */
  readonly change: string;
  /** VFs that go. */
  readonly destroyed: number;
  /** VFs that are made. */
  readonly created: number;
  /** What goes although somebody uses it. */
  readonly inUse: readonly UsedFunction[];
  /**
   * `none`: nothing in use goes. `refused`: something in use would go, so it is not done. `proceeds`: it is done, and
   * something in use goes. `unknown`: nobody tells whether anything is in use.
   */
  readonly outcome: "none" | "refused" | "proceeds" | "unknown";
}

export interface UsedFunction {
  /** PCI address. */
  readonly address: string;
  readonly interfaceName?: string;
  /** Claim, VM or pod, with namespace and name: `pod web/router-0`. */
  readonly usedBy: string;
}

/** What people want to know beside the impact itself. */
export interface ImpactNotes {
  /** A sentence or more on what to do. */
  readonly advice?: string | undefined;
  /** What goes, too, and is nobody's. */
  readonly unused?: readonly PlannedVf[];
}

const KINDS: Readonly<Record<Impact["kind"], string>> = {
  nic: "NIC",
  claim: "PCIDeviceClaim",
  network: "SriovNetwork",
};

const OUTCOMES: Readonly<Record<Impact["outcome"], string>> = {
  none: "Nothing that is in use goes.",
  refused: "This is refused, since some of what goes is in use.",
  proceeds: "Some of what goes is in use, and goes all the same.",
  unknown: "Whether any of it is in use is not known.",
};

/**
 * One paragraph for people, which ends in a list of what goes, and which {@link readImpacts} understands. Texts of the impact
 * are brought on one line.
 */
export function describeImpact(impact: Impact, { advice, unused = [] }: ImpactNotes = {}): string {
  const { object, kind, nodeName, change, outcome } = impact;
  const node = nodeName === undefined ? "" : ` of node ${nodeName}`;
  const list = [...impact.inUse, ...unused].map((vf) => `\n  - ${oneLine(describeVf(vf))}`);
  return (
    `impact on ${KINDS[kind]} ${object}${node}: ${oneLine(change)}; ${describeCounts(impact)}. ${OUTCOMES[outcome]}` +
    (advice === undefined ? "" : ` ${oneLine(advice)}`) +
    (list.length === 0 ? "" : ` What goes:${list.join("")}`)
  );
}

/** All impacts that a text tells of, in order. The text may be of an engine's making, with other words before and after. */
export function readImpacts(text: string): Impact[] {
  const impacts: (Impact & { readonly inUse: UsedFunction[] })[] = [];
  let isListed = false;
  for (const line of text.split(/\r?\n/)) {
    const impact = readHead(line);
    if (impact !== undefined) impacts.push(impact);
    else if (isListed) {
      const used = readUsed(line);
      if (used !== undefined) impacts.at(-1)?.inUse.push(used);
    }
    isListed = impact !== undefined || (isListed && /^\s*- /.test(line));
  }
  return impacts;
}

function describeCounts({ destroyed, created }: Impact): string {
  const parts = [
    ...(destroyed > 0 ? [`${vfs(destroyed)} destroyed`] : []),
    ...(created > 0 ? [`${vfs(created)} created`] : []),
  ];
  const why = parts.length === 2 ? " (Linux changes a VF count only by way of 0)" : "";
  return parts.length === 0 ? "no VF destroyed or created" : parts.join(", ") + why;
}

const HEAD = new RegExp(
  `impact on (${Object.values(KINDS).join("|")}) (\\S+?)(?: of node (\\S+?))?: (.*); ` +
    `(?:no VF destroyed or created|(?:(\\d+) VFs? destroyed)?(?:, )?(?:(\\d+) VFs? created)?(?: \\(Linux [^)]*\\))?)\\. ` +
    `(${Object.values(OUTCOMES)
      .map((words) => words.replaceAll(".", "\\."))
      .join("|")})`,
);

function readHead(line: string): (Impact & { readonly inUse: UsedFunction[] }) | undefined {
  const [, kind, object, nodeName, change, destroyed = "0", created = "0", outcome] = HEAD.exec(line) ?? [];
  if (object === undefined || change === undefined) return undefined;
  return {
    object,
    kind: keyOf(KINDS, kind) ?? "nic",
    ...(nodeName !== undefined && { nodeName }),
    change,
    destroyed: Number(destroyed),
    created: Number(created),
    inUse: [],
    outcome: keyOf(OUTCOMES, outcome) ?? "unknown",
  };
}

/** A line of the list, where it names a user. */
function readUsed(line: string): UsedFunction | undefined {
  const [, address, interfaceName, usedBy] = /^\s*- (\S+?)(?: \((\S+)\))?, used by (.*)$/.exec(line) ?? [];
  if (address === undefined || usedBy === undefined) return undefined;
  return { address, ...(interfaceName !== undefined && { interfaceName }), usedBy };
}

function keyOf<K extends string>(words: Readonly<Record<K, string>>, word: string | undefined): K | undefined {
  return (Object.keys(words) as K[]).find((key) => words[key] === word);
}

function vfs(count: number): string {
  return `${count} ${count === 1 ? "VF" : "VFs"}`;
}

function oneLine(text: string): string {
  return text.trim().replace(/\s+/g, " ");
}
