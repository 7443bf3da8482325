import type { Lab } from "../../../lab/lab.js";
import type { Nic } from "../nics.js";

/** A story of one program and a cluster, told by what the engine prints. */
export interface Scenario {
  /** Of its fixture and of its nodes: lower case with hyphens, no other scenario's. */
  readonly name: string;
  /** What it shows, a sentence. */
  readonly shows: string;
  play(stage: Stage): Promise<void>;
}

/** Where a scenario is played. What it does is written down in order; a command may fail, and its status is written down too. */
export interface Stage {
  readonly lab: Lab;
  /** Of the program. */
  readonly folder: string;
  /**
   * A NIC of a node that no other scenario has, so that all its names and addresses are the same in every run.
   *
   * @param node Hyphenated to the scenario's name. Default: the scenario's name alone.
   */
  nic(index?: number, node?: string): Promise<Nic>;
  /** What the program is from now on. `sriov` is the package; what is put on `exports` are the stack's outputs. */
  program(...lines: readonly string[]): void;
  /**
   * Runs a command of the engine, such as `up --yes --skip-preview`.
   *
   * @param options.progress Write down too what stood for a while on rows of resources. Only where nothing but the clock ends
   *   the wait: else how much of it is seen is a matter of the machine.
   */
  pulumi(command: string, options?: { readonly progress?: boolean }): Promise<void>;
  /** Runs `pulumi preview --json` and writes down what a pipeline reads of it. */
  previewJson(): Promise<void>;
  /** Writes down how many VFs the kernel has made, and how often it was told to. */
  kernel(nic: Nic): Promise<void>;
  /** Something that happens beside the engine. */
  aside(what: string, act: () => Promise<unknown>): Promise<void>;
}
