import type { Cluster } from "./cluster.js";

/** What every operation of a resource is given. Nothing of it belongs to Pulumi. */
export interface Operation {
  readonly cluster: Cluster;
  readonly log: ResourceLog;
  /** Milliseconds since the epoch; waiting ends then. */
  readonly deadline: number;
  readonly signal?: AbortSignal | undefined;
}

/** Where an operation talks to people; every line belongs to the resource. */
export interface ResourceLog {
  /** Kept with the result. */
  warn(message: string): void;
  /** What is going on now; the next one replaces it. */
  status(message: string): void;
}

/** Why an input is refused. `property` is empty where the cause is no input. */
export interface InputFailure {
  readonly property: string;
  readonly reason: string;
}

/** The operation changed something and did not finish: the state must be kept, and the next update goes on from there. */
export class PartialFailure<Outputs> extends Error {
  override readonly name = "PartialFailure";

  constructor(
    readonly id: string,
    readonly outputs: Outputs,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
