/** What `pulumi preview --json` prints, as far as it tells of impacts. */
export interface Preview {
  readonly steps: readonly PreviewStep[];
  readonly diagnostics: readonly PreviewDiagnostic[];
  /** The stack's configuration; secret values are {@link SECRET}. */
  readonly config: Readonly<Record<string, string>>;
}

/** What is to be done with one resource. Resources that stay as they are have none. */
export interface PreviewStep {
  /** `create`, `update`, `replace`, `delete`, … */
  readonly op: string;
  readonly urn: string;
  readonly oldState?: PreviewState;
  readonly newState?: PreviewState;
}

/** A resource as the state has it, or in a preview as check has left its inputs. */
export interface PreviewState {
  readonly id?: string;
  readonly inputs?: Properties;
  readonly outputs?: Properties;
  /** Only looked up by the program, and not the program's own. */
  readonly external?: boolean;
  readonly retainOnDelete?: boolean;
  /** URN of the resource with which it goes by itself. */
  readonly deletedWith?: string;
}

export interface PreviewDiagnostic {
  /** Absent where it belongs to no resource. */
  readonly urn?: string;
  readonly severity: string;
  readonly message: string;
}

export type Properties = Readonly<Record<string, unknown>>;

/** What stands in a preview's JSON for each secret value. */
export const SECRET = "[secret]";

/** @throws {Error} that says what was given instead of a preview. */
export function readPreview(text: string): Preview {
  if (text.trim() === "") throw new Error(`the input is empty, so the preview printed nothing. ${ADVICE}`);
  const document = parse(text);
  const isPreview = isRecord(document) && ["steps", "diagnostics", "changeSummary"].some((key) => key in document);
  if (!isPreview) throw new Error(`the input is JSON, but not what pulumi preview --json prints. ${ADVICE}`);
  // The engine ends every preview with the counts; only one that failed, and says why, or that was broken off has none.
  const hasFailed = listOf(document, "diagnostics").some(({ severity }) => severity === "error");
  if (!("changeSummary" in document) && !hasFailed)
    throw new Error(`the preview was broken off: its JSON has no changeSummary. Run pulumi preview again.`);
  return {
    steps: listOf(document, "steps").map(readStep),
    diagnostics: listOf(document, "diagnostics").map(readDiagnostic),
    config: strings(document["config"]),
  };
}

const ADVICE = `Give it the standard output of "pulumi preview --json" alone (no 2>&1), and look at what that said on standard error.`;

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const [start = ""] = text.trim().split("\n");
    throw new Error(`the input is not JSON; it begins with ${JSON.stringify(start.slice(0, 60))}. ${ADVICE}`, {
      cause: error,
    });
  }
}

function readStep(step: Properties): PreviewStep {
  const { op, urn, oldState, newState } = step;
  return {
    op: String(op),
    urn: String(urn),
    ...(isRecord(oldState) && { oldState: readState(oldState) }),
    ...(isRecord(newState) && { newState: readState(newState) }),
  };
}

function readState({ id, inputs, outputs, external, retainOnDelete, deletedWith }: Properties): PreviewState {
  return {
    ...(typeof id === "string" && { id }),
    ...(isRecord(inputs) && { inputs }),
    ...(isRecord(outputs) && { outputs }),
    ...(external === true && { external }),
    ...(retainOnDelete === true && { retainOnDelete }),
    ...(typeof deletedWith === "string" && deletedWith !== "" && { deletedWith }),
  };
}

function readDiagnostic({ urn, severity, message }: Properties): PreviewDiagnostic {
  return {
    ...(typeof urn === "string" && urn !== "" && { urn }),
    severity: String(severity),
    message: String(message),
  };
}

function listOf(document: Properties, key: string): readonly Properties[] {
  const list = document[key];
  return Array.isArray(list) ? list.filter(isRecord) : [];
}

function strings(value: unknown): Readonly<Record<string, string>> {
  const entries = isRecord(value) ? Object.entries(value) : [];
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => typeof entry[1] === "string"));
}

function isRecord(value: unknown): value is Properties {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
