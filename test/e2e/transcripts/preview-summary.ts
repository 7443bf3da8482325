import { steady } from "./plain-text.js";

interface PreviewDocument {
  readonly steps?: readonly PreviewStep[];
  readonly diagnostics?: readonly { readonly urn?: string; readonly severity: string; readonly message: string }[];
  readonly changeSummary?: Readonly<Record<string, number>>;
}

interface PreviewStep {
  readonly op: string;
  readonly urn: string;
  readonly diffReasons?: readonly string[];
  readonly replaceReasons?: readonly string[];
  readonly newState?: { readonly inputs?: object };
}

/** Of a preview's JSON what is told of resources: states, which hold it all, are left out. */
export function previewSummary(json: string): string[] {
  const { steps = [], diagnostics = [], changeSummary = {} } = JSON.parse(json) as PreviewDocument;
  return [
    ...steps.map(stepLine).sort(),
    ...diagnostics
      .map(({ urn, severity, message }) => `${severity} of ${nameIn(urn)}: ${steady(message.trim())}`)
      .sort(),
    `summary: ${Object.entries(changeSummary)
      .map(([op, count]) => `${count} ${op}`)
      .sort()
      .join(", ")}`,
  ];
}

function stepLine({ op, urn, diffReasons = [], replaceReasons = [], newState }: PreviewStep): string {
  const inputs = Object.keys(newState?.inputs ?? {}).filter((key) => !key.startsWith("__"));
  return [
    `${op} ${nameIn(urn)}`,
    ...(diffReasons.length > 0 ? [`differs in ${diffReasons.join(", ")}`] : []),
    ...(replaceReasons.length > 0 ? [`replaced for ${replaceReasons.join(", ")}`] : []),
    ...(inputs.length > 0 ? [`inputs ${inputs.sort().join(", ")}`] : []),
  ].join("; ");
}

function nameIn(urn: string | undefined): string {
  return urn?.split("::").at(-1) ?? "nothing";
}
