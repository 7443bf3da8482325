import { type Logger, pino } from "pino";

export interface LogLine {
  readonly msg: string;
  readonly port?: number;
}

/** A log that can be awaited, since that is where people learn a server's port. */
export class LogLines {
  readonly log: Logger;
  private readonly lines: LogLine[] = [];
  private readonly waiting = new Set<() => void>();

  constructor() {
    this.log = pino(
      {},
      {
        write: (line: string) => {
          this.lines.push(JSON.parse(line) as LogLine);
          for (const look of this.waiting) look();
        },
      },
    );
  }

  /** How many lines have `text`. */
  count(text: string): number {
    return this.lines.filter(({ msg }) => msg.includes(text)).length;
  }

  /** Resolves with the first line that has `text`. */
  says(text: string): Promise<LogLine> {
    return new Promise((resolve) => {
      const look = (): void => {
        const line = this.lines.find(({ msg }) => msg.includes(text));
        if (line !== undefined) resolve(line);
      };
      this.waiting.add(look);
      look();
    });
  }
}
