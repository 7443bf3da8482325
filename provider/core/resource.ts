import type { Impact } from "../../plan/impact/impact.js";
import type { Cluster } from "./cluster.js";
import type { Timeouts } from "./timeouts.js";

/**
 * What one kind of resource means, for a shell to drive. Nothing of it belongs to Pulumi. `olds` is a state that any
 * earlier version may have written, hence partial.
 */
export interface Resource<Inputs extends SharedInputs, Outputs extends Inputs> {
  /** Outputs that are no inputs: what the object alone knows. */
  readonly reported: readonly (keyof Outputs & string)[];
  /**
   * Looks at the inputs, and at the cluster where they say enough. Inputs that are not known yet are absent from `news`
   * and named in `unknown`. `operation` throws where the cluster itself is not known yet.
   */
  check(
    operation: () => Operation,
    olds: Partial<Inputs>,
    news: Partial<Inputs>,
    unknown: ReadonlySet<string>,
  ): Promise<Checked<Inputs>>;
  /** Pure. `olds` is the state, `news` what check made of the program's inputs. */
  diff(olds: Partial<Outputs>, news: Partial<Inputs>, unknown: ReadonlySet<string>): Difference;
  /** @throws {PartialFailure} once anything was changed. */
  create(operation: Operation, inputs: Inputs): Promise<Created<Outputs>>;
  /** Undefined where the object is gone. */
  read(operation: Operation, id: string, olds: Partial<Outputs>): Promise<Outputs | undefined>;
  /** @throws {PartialFailure} once anything was changed. */
  update(operation: Operation, id: string, olds: Partial<Outputs>, inputs: Inputs): Promise<Outputs>;
  /** Returns once nothing is left of what the resource was the reason for. */
  delete(operation: Operation, id: string, olds: Partial<Outputs>): Promise<void>;
  /**
   * What delete would do now to VFs and devices, and to whom; nothing where nothing goes, or nothing is left. Only reads.
   *
   * @param beside what else the same up does.
   * @throws {Error} where it cannot be told: the cluster is another, or not to be reached, or may not be looked at.
   */
  foreseeDelete(
    operation: Operation,
    id: string,
    olds: Partial<Outputs>,
    beside?: Beside<Inputs>,
  ): Promise<readonly Impact[]>;
}

/** What an up does beside deleting a resource, as far as that keeps VFs, or is what makes them go. */
export interface Beside<Inputs> {
  /** Inputs, as check has left them, of resources of the kind that it makes first: what they want stays. */
  readonly successors?: readonly Partial<Inputs>[];
  /** Names of NICs that it gives a resource of their own. */
  readonly declared?: ReadonlySet<string>;
  /** Field managers of resources that it deletes before: what they want, too, does not stay for it. */
  readonly gone?: ReadonlySet<string>;
  /** Names of claims that it deletes before: they use nothing any more. */
  readonly freed?: ReadonlySet<string>;
}

/** Inputs that every resource has. */
export interface SharedInputs {
  readonly kubeconfig?: string;
  readonly context?: string;
  /** The resource's own URN, which nobody else tells the provider. */
  readonly resourceUrn: string;
  /** The resource's customTimeouts, which Pulumi does not hand on. */
  readonly timeouts?: Timeouts;
  /** Added by check. */
  readonly clusterUid?: string;
}

/** The inputs with what check has added to them, and why they are refused, if they are. */
export interface Checked<Inputs> {
  readonly inputs: Partial<Inputs>;
  readonly failures: readonly InputFailure[];
}

/** Why an input is refused. `property` is a top-level input, or empty where the cause is no input. */
export interface InputFailure {
  readonly property: string;
  readonly reason: string;
}

export interface Difference {
  readonly changed: boolean;
  /** An earlier change was not carried out to the end: what the state asks for is not there. */
  readonly unfinished: boolean;
  /** Properties that make it another object. */
  readonly replaces: readonly string[];
}

export interface Created<Outputs> {
  readonly id: string;
  readonly outputs: Outputs;
}

/** What every operation of a resource is given. */
export interface Operation {
  readonly cluster: Cluster;
  readonly log: ResourceLog;
  /** Milliseconds since the epoch; waiting ends then. */
  readonly deadline: number;
  /** Aborts at the deadline, and where nobody wants the operation any more. */
  readonly signal?: AbortSignal | undefined;
  /** How to get more time, as a sentence: `More time: customTimeouts.create (5m now).` */
  readonly moreTime?: string;
}

/** Where an operation talks to people; every line belongs to the resource. */
export interface ResourceLog {
  /** Kept with the result. */
  inform(message: string): void;
  /** The same, of what somebody should look at. */
  warn(message: string): void;
  /** What is going on now, and since when, in milliseconds since the epoch (default: now). The next one replaces it. */
  status(message: string, since?: number): void;
}

/** For who only wants to know: nobody hears what is said. */
export const SILENT: ResourceLog = { inform: () => undefined, warn: () => undefined, status: () => undefined };

/** The operation changed something and did not finish: the state must be kept, and the next update goes on from there. */
export class PartialFailure<Outputs> extends Error {
  override readonly name = "PartialFailure";

  constructor(
    readonly id: string,
    readonly outputs: Outputs,
    message: string,
    options?: { readonly cause?: unknown },
  ) {
    super(message, options);
  }
}
