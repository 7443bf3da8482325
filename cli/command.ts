/** One command of `pulumi-sriov`. */
export interface Command {
  /** What it is for, in a line. */
  readonly summary: string;
  /** Text of `--help`. */
  readonly usage: string;
  /**
   * Runs it with the words that follow its name, and answers the exit status.
   *
   * @throws {UsageError} where the words make no sense; any other error ends the command with its message.
   */
  run(args: readonly string[], io: CommandIo): Promise<number>;
}

/** The outer world as a command sees it. */
export interface CommandIo {
  /** A whole text to standard output, as it is. */
  print(text: string): void;
  /** A line to standard error. */
  warn(line: string): void;
  /** All of standard input. */
  readInput(): Promise<string>;
}

/** What was asked is no question: told with the command's usage, exit status 64 (EX_USAGE). */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
