import type { DetailedDiff } from "./property-diff.js";
import type { Properties } from "./values.js";

export interface CheckFailure {
  /** Empty where the whole resource is at fault. */
  property: string;
  reason: string;
}

export interface ProviderDiff {
  changes: "none" | "some" | "unknown";
  replaces: string[];
  deleteBeforeReplace: boolean;
  diffs: string[];
  detailedDiff: DetailedDiff | undefined;
}

export interface DiffRequest {
  urn: string;
  id: string;
  oldInputs: Properties;
  oldOutputs: Properties;
  newInputs: Properties;
  ignoreChanges: string[];
}

/** The object of an operation that is about a resource that exists. */
export interface Existing {
  urn: string;
  id: string;
  inputs: Properties;
  outputs: Properties;
  /** Seconds; 0 for the provider's own default. */
  timeout: number;
}

export interface ReadResult {
  /** Empty: the object is gone. */
  id: string;
  inputs: Properties | undefined;
  outputs: Properties;
}

/** What carries out operations on one package's resources. Secrets come in and go out as secrets. */
export interface Provider {
  check(
    urn: string,
    olds: Properties | undefined,
    news: Properties,
  ): Promise<{ inputs: Properties; failures: CheckFailure[] }>;
  diff(request: DiffRequest): Promise<ProviderDiff>;
  /** What a preview shows as outputs; without it the inputs. `old` is undefined for a new object. Throws what an `up` would. */
  preview?(urn: string, inputs: Properties, old: Existing | undefined): Promise<Properties>;
  /** @throws InitFailed when the object exists but isn't what it should be, as update and read do */
  create(urn: string, inputs: Properties, timeout: number): Promise<{ id: string; outputs: Properties }>;
  read(existing: Existing): Promise<ReadResult>;
  update(existing: Existing, newInputs: Properties, ignoreChanges: string[]): Promise<Properties>;
  delete(existing: Existing): Promise<void>;
  /** The first ^C: asks operations under way to end early. */
  cancel(): void;
  /** Resolves when everything it had to say has been heard. */
  stop(): Promise<void>;
}

/** The object exists, but the operation did not get it to where it should be: its state is kept. */
export class InitFailed extends Error {
  override readonly name = "InitFailed";

  constructor(
    readonly id: string,
    readonly outputs: Properties,
    readonly reasons: string[],
    readonly inputs: Properties | undefined,
    options?: ErrorOptions,
  ) {
    super(describe(reasons), options);
  }
}

function describe(reasons: string[]): string {
  if (reasons.length === 0) return "resource init failed";
  const head = reasons.length === 1 ? "1 error occurred:" : `${reasons.length} errors occurred:`;
  return [head, ...reasons.map((reason) => `\t* ${reason}`), "", ""].join("\n");
}
