import type { Socket } from "node:net";
import { readLines } from "./lines.js";

interface Answer {
  readonly id?: number;
  readonly return?: unknown;
  readonly error?: { readonly class: string; readonly desc: string };
  readonly event?: string;
  readonly data?: Readonly<Record<string, unknown>>;
}

/** Something that QEMU says of its own accord, such as `RESET`, or `DEVICE_DELETED` of a `device`. */
export interface QemuEvent {
  readonly name: string;
  readonly data: Readonly<Record<string, unknown>>;
}

interface Listener {
  readonly hear: (event: QemuEvent) => void;
  readonly reject: (error: Error) => void;
}

/** QEMU's monitor, by QMP. */
export class QemuMonitor {
  #lastId = 0;
  readonly #waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  readonly #listeners = new Set<Listener>();

  constructor(
    private readonly socket: Socket,
    onEvent: (event: QemuEvent) => void,
  ) {
    readLines(socket, (line) => {
      const answer = JSON.parse(line) as Answer;
      if (answer.event === undefined) {
        this.#answered(answer);
        return;
      }
      const event = { name: answer.event, data: answer.data ?? {} };
      onEvent(event);
      for (const { hear } of this.#listeners) hear(event);
    });
    socket.on("error", () => undefined);
    socket.on("close", () => {
      for (const { reject } of [...this.#waiting.values(), ...this.#listeners]) reject(new Error("QEMU has ended"));
      this.#waiting.clear();
      this.#listeners.clear();
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
      this.#holdProcess();
    });
  }

  /** Runs a command of the human monitor and returns what it printed; throws where that is an error. */
  async human(command: string): Promise<string> {
    const printed = String(await this.execute("human-monitor-command", { "command-line": command })).trim();
    if (/^(Error: |unknown command)/.test(printed)) throw new Error(`QEMU monitor, ${command}: ${printed}`);
    return printed;
  }

  /** Runs a QMP command that only begins something, and resolves at the event that ends it. */
  async executeUntil(
    ends: (event: QemuEvent) => boolean,
    command: string,
    args: Readonly<Record<string, unknown>>,
  ): Promise<void> {
    let listener: Listener | undefined;
    const ended = new Promise<void>((resolve, reject) => {
      listener = { hear: (event) => ends(event) && resolve(), reject };
      this.#listeners.add(listener);
    });
    try {
      await Promise.all([ended, this.execute(command, args)]);
    } finally {
      if (listener !== undefined) this.#listeners.delete(listener);
      this.#holdProcess();
    }
  }

  #answered({ id = 0, return: value, error }: Answer): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    this.#holdProcess();
    if (error === undefined) waiting?.resolve(value);
    else waiting?.reject(new Error(`QEMU: ${error.class}: ${error.desc}`));
  }
  /** This process stays for an answer that it waits for, but not for a machine that outlives it. */
  #holdProcess(): void {
    if (this.#waiting.size + this.#listeners.size > 0) this.socket.ref();
    else this.socket.unref();
  }
}
