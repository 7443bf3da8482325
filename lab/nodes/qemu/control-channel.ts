import type { Socket } from "node:net";
import { readLines } from "./lines.js";

export interface ExecResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

interface Waiting {
  readonly command: string;
  readonly resolve: (result: ExecResult) => void;
  readonly reject: (error: Error) => void;
}

/** The host's end of the line on which the guest runs commands; `guest-scripts.ts` has the other end and the protocol. */
export class ControlChannel {
  #state: "booting" | "ready" | "closed" = "booting";
  #lastId = 0;
  /** Commands that were sent, or wait until the guest is there to take them. */
  readonly #waiting = new Map<number, Waiting>();
  readonly #awaitingBoot: { resolve: () => void; reject: (error: Error) => void }[] = [];

  constructor(
    private readonly socket: Socket,
    private readonly guest: string,
  ) {
    readLines(socket, (line) => this.#receive(line));
    socket.on("error", () => undefined);
    socket.on("close", () => this.#close());
  }

  /** Resolves when the guest takes commands. */
  untilReady(): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#state === "ready") resolve();
      else if (this.#state === "closed") reject(new Error(`guest ${this.guest} has ended`));
      else this.#awaitingBoot.push({ resolve, reject });
      this.#holdProcess();
    });
  }

  /** Runs a shell command, as soon as the guest is ready. Rejects when the guest is reset or ends before it replies. */
  exec(command: string): Promise<ExecResult> {
    return new Promise((resolve, reject) => {
      if (this.#state === "closed") {
        reject(this.#lost(command, "has ended"));
        return;
      }
      const id = ++this.#lastId;
      this.#waiting.set(id, { command, resolve, reject });
      if (this.#state === "ready") this.#send(id, command);
      this.#holdProcess();
    });
  }

  /** To be called when the guest starts over: what it was doing is lost, and it is not ready until it says so. */
  reset(): void {
    if (this.#state !== "ready") return;
    this.#state = "booting";
    this.#abandon("was reset");
  }

  #receive(line: string): void {
    if (line.startsWith("ready ")) {
      this.reset();
      this.#state = "ready";
      for (const [id, { command }] of this.#waiting) this.#send(id, command);
      for (const { resolve } of this.#awaitingBoot.splice(0)) resolve();
      this.#holdProcess();
      return;
    }
    const [id, code, stdout, stderr, end] = line.split(" ");
    const waiting = this.#waiting.get(Number(id));
    if (waiting === undefined || end !== ".") return;
    this.#waiting.delete(Number(id));
    this.#holdProcess();
    waiting.resolve({ code: Number(code), stdout: decode(stdout), stderr: decode(stderr) });
  }

  #send(id: number, command: string): void {
    this.socket.write(`${id} ${Buffer.from(command).toString("base64")}\n`);
  }

  #close(): void {
    this.#state = "closed";
    for (const { reject } of this.#awaitingBoot.splice(0)) reject(new Error(`guest ${this.guest} has ended`));
    this.#abandon("has ended");
  }

  #abandon(what: string): void {
    for (const { command, reject } of this.#waiting.values()) reject(this.#lost(command, what));
    this.#waiting.clear();
    this.#holdProcess();
  }

  /** This process stays for a reply that it waits for, but not for a guest that outlives it. */
  #holdProcess(): void {
    if (this.#waiting.size + this.#awaitingBoot.length > 0) this.socket.ref();
    else this.socket.unref();
  }

  #lost(command: string, what: string): Error {
    return new Error(`guest ${this.guest} ${what}; command without a reply: ${command}`);
  }
}

function decode(base64 = ""): string {
  return Buffer.from(base64, "base64").toString("utf8");
}
