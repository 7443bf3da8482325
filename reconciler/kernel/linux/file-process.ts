import { spawn, type ChildProcessByStdio } from "node:child_process";
import { Socket } from "node:net";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";

/** Writes `content` to the file at `path`, or reads it where there is none. */
export interface FileRequest {
  readonly path: string;
  readonly content?: string;
}

export interface FileAnswer {
  /** The errno's name where it failed. */
  readonly errno?: string;
  /** What was read. */
  readonly content?: string;
}

/**
 * A process that writes and reads files, one at a time, so that a write that never returns costs a process and not a
 * thread of ours. It never keeps this process alive, and it ends when this one does, however that comes about.
 */
export class FileProcess {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  #answer: ((answer: FileAnswer) => void) | undefined;

  /** Resolves when the process is no more, which for one that hangs in a driver is when the driver lets go. */
  readonly ended: Promise<void>;

  constructor() {
    // An environment of its own: NODE_OPTIONS that are meant for this process (an inspector, a preload) are not for it.
    this.#child = spawn(process.execPath, ["-e", SOURCE], { stdio: ["pipe", "pipe", "inherit"], env: {} });
    this.ended = new Promise((resolve) => {
      const end = (errno: string): void => {
        this.#settle({ errno });
        resolve();
      };
      this.#child.once("error", (error: NodeJS.ErrnoException) => end(error.code ?? "EIO"));
      this.#child.once("exit", () => end("EIO"));
    });
    this.#child.stdin.on("error", () => undefined); // Its end is heard of by `exit`.
    createInterface({ input: this.#child.stdout }).on("line", (line) => this.#settle(JSON.parse(line) as FileAnswer));
    this.#child.unref();
    for (const pipe of [this.#child.stdin, this.#child.stdout]) if (pipe instanceof Socket) pipe.unref();
  }

  /** EIO when the process ends before it has answered. */
  run(request: FileRequest): Promise<FileAnswer> {
    return new Promise((resolve) => {
      this.#answer = resolve;
      this.#child.stdin.write(`${JSON.stringify(request)}\n`);
    });
  }

  get alive(): boolean {
    return this.#child.pid !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  end(): void {
    this.#child.kill("SIGKILL");
    this.#child.stdin.destroy();
    this.#child.stdout.destroy();
  }

  #settle(answer: FileAnswer): void {
    this.#answer?.(answer);
    this.#answer = undefined;
  }
}

/**
 * Text and not a file of its own, since the agent ships as one file. Opens without O_CREAT: what is not there is to be
 * ENOENT, also on an ordinary file system. It kills itself at the end of its input because an orderly exit would join
 * the thread that hangs in the write.
 */
const SOURCE = `
const { constants, promises } = require("node:fs");
const run = async ({ path, content }) => {
  if (content === undefined) return { content: await promises.readFile(path, "utf8") };
  const file = await promises.open(path, constants.O_WRONLY | constants.O_TRUNC);
  try { await file.write(content); } finally { await file.close(); }
  return {};
};
require("node:readline").createInterface({ input: process.stdin })
  .on("line", (line) => run(JSON.parse(line)).catch((error) => ({ errno: error.code ?? "EIO" }))
    .then((answer) => process.stdout.write(JSON.stringify(answer) + "\\n")))
  .on("close", () => process.kill(process.pid, "SIGKILL"));
`;
