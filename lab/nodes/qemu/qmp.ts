import type { Socket } from "node:net";
import { readLines } from "./lines.js";

interface Answer {
  readonly id?: number;
  readonly return?: unknown;
  readonly error?: { readonly class: string; readonly desc: string };
  readonly event?: string;
}

/** QEMU's monitor, by QMP. */
export class QemuMonitor {
  #lastId = 0;
  readonly #waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();

  /** @param onEvent hears the names of QEMU's events, such as `RESET`. */
  constructor(
    private readonly socket: Socket,
    onEvent: (event: string) => void,
  ) {
    readLines(socket, (line) => {
      const answer = JSON.parse(line) as Answer;
      if (answer.event !== undefined) onEvent(answer.event);
      else this.#answered(answer);
    });
    socket.on("error", () => undefined);
    socket.on("close", () => {
      for (const { reject } of this.#waiting.values()) reject(new Error("QEMU has ended"));
      this.#waiting.clear();
    });
    this.execute("qmp_capabilities").catch(() => undefined);
  }

  /** Runs a QMP command and returns its result. */
  execute(command: string, args: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.socket.destroyed) {
        reject(new Error(`QEMU has ended; not executed: ${command}`));
        return;
      }
      const id = ++this.#lastId;
      this.#waiting.set(id, { resolve, reject });
      this.socket.write(`${JSON.stringify({ execute: command, arguments: args, id })}\n`);
    });
  }

  /** Runs a command of the human monitor and returns what it printed; throws where that is an error. */
  async human(command: string): Promise<string> {
    const printed = String(await this.execute("human-monitor-command", { "command-line": command })).trim();
    if (/^(Error: |unknown command)/.test(printed)) throw new Error(`QEMU monitor, ${command}: ${printed}`);
    return printed;
  }

  #answered({ id = 0, return: value, error }: Answer): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error === undefined) waiting?.resolve(value);
    else waiting?.reject(new Error(`QEMU: ${error.class}: ${error.desc}`));
  }
}
