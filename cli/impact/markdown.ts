import { type ImpactReport, type ImpactRow, isLoss, Verdict, verdictOf } from "./report.js";

/** The report for a pull request, in GitHub's Markdown. What comes from a cluster or a program stands in code spans. */
export function impactMarkdown(report: ImpactReport): string {
  const { rows, untold } = report;
  const parts = ["### SR-IOV impact", summary(report)];
  if (rows.length > 0) parts.push(table(rows));
  if (untold.length > 0) parts.push(["Not known:", "", ...untold.map((why) => `- ${code(why)}`)].join("\n"));
  return `${parts.join("\n\n")}\n`;
}

function summary(report: ImpactReport): string {
  const { rows, untold } = report;
  if (rows.length === 0 && untold.length === 0) return "This preview changes no SR-IOV resource.";
  const sum = (count: (row: ImpactRow) => number): number => rows.reduce((total, row) => total + count(row), 0);
  const destroyed = sum((row) => row.destroyed);
  const created = sum((row) => row.created);
  const used = sum((row) => (isLoss(row) ? row.inUse.length : 0));
  const counts = `VFs destroyed: ${destroyed}, created: ${created}.`;
  switch (verdictOf(report)) {
    case Verdict.lost: {
      const refused = rows.filter((row) => isLoss(row) && row.outcome === "refused").length;
      const isRefused = refused > 0 ? " What is marked as refused is not carried out." : "";
      return `**In use, and would be lost: ${used}.** ${counts}${isRefused}`;
    }
    case Verdict.unknown:
      return `**Whether anything in use would be lost is not known of all resources.** ${counts}`;
    case Verdict.none:
      return `Nothing in use is lost. ${counts}`;
  }
}

function table(rows: readonly ImpactRow[]): string {
  const head = ["Resource", "Node", "Change", "VFs destroyed", "VFs created", "In use by", "Outcome"];
  const lines = [head, ["---", "---", "---", "---:", "---:", "---", "---"], ...rows.map(cells)];
  return lines.map((line) => `| ${line.join(" | ")} |`).join("\n");
}

function cells(row: ImpactRow): string[] {
  const { type, name, object, nodeName = "", change, destroyed, created, inUse, outcome } = row;
  const resource = type === "" ? [object] : [`${type} ${name}`, object];
  const users = inUse.map(({ address, interfaceName, usedBy }) => {
    const vf = interfaceName === undefined || interfaceName === "" ? address : `${address} (${interfaceName})`;
    return `${code(vf)}: ${code(usedBy)}`;
  });
  const numbers = [String(destroyed), String(created)];
  return [
    resource.map(code).join("<br>"),
    code(nodeName),
    code(change),
    ...numbers,
    users.join("<br>"),
    OUTCOMES[outcome],
  ];
}

const OUTCOMES: Readonly<Record<ImpactRow["outcome"], string>> = {
  none: "nothing in use is lost",
  refused: "**refused**",
  proceeds: "**lost**",
  unknown: "**not known**",
};

/**
 * A code span that stays in its table cell. Nothing in one is a link, a mention or markup. A `|` is escaped even there, where it
 * would end the cell.
 */
function code(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  if (line === "") return "";
  const runs = line.match(/`+/g) ?? [];
  const fence = "`".repeat(Math.max(0, ...runs.map((run) => run.length)) + 1);
  const padding = line.startsWith("`") || line.endsWith("`") ? " " : "";
  return `${fence}${padding}${line.replaceAll("|", "\\|")}${padding}${fence}`;
}
