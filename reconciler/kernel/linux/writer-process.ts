import { spawn, type ChildProcessByStdio } from "node:child_process";
import { Socket } from "node:net";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";

/**
 * A process that writes files, one at a time, so that a write that never returns costs a process and not a thread of
 * ours. It never keeps this process alive, and it ends when this one does, however that comes about.
 */
export class WriterProcess {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  #answer: ((errno: string | undefined) => void) | undefined;

  /** Resolves when the process is no more, which for one that hangs in a driver is when the driver lets go. */
  readonly ended: Promise<void>;

  constructor() {
    // An environment of its own: NODE_OPTIONS that are meant for this process (an inspector, a preload) are not for it.
    this.#child = spawn(process.execPath, ["-e", WRITER_SOURCE], { stdio: ["pipe", "pipe", "inherit"], env: {} });
    this.ended = new Promise((resolve) => {
      const end = (errno: string): void => {
        this.#settle(errno);
        resolve();
      };
      this.#child.once("error", (error: NodeJS.ErrnoException) => end(error.code ?? "EIO"));
      this.#child.once("exit", () => end("EIO"));
    });
    this.#child.stdin.on("error", () => undefined); // Its end is heard of by `exit`.
    createInterface({ input: this.#child.stdout }).on("line", (errno) => this.#settle(errno || undefined));
    this.#child.unref();
    for (const pipe of [this.#child.stdin, this.#child.stdout]) if (pipe instanceof Socket) pipe.unref();
  }

  /** Resolves with the errno's name, or `undefined` when the content is written; EIO when the process ends before. */
  write(path: string, content: string): Promise<string | undefined> {
    return new Promise((resolve) => {
      this.#answer = resolve;
      this.#child.stdin.write(`${JSON.stringify({ path, content })}\n`);
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

  #settle(errno: string | undefined): void {
    this.#answer?.(errno);
    this.#answer = undefined;
  }
}

/**
 * Text and not a file of its own, since the agent ships as one file. Opens without O_CREAT: what is not there is to be
 * ENOENT, also on an ordinary file system. It kills itself at the end of its input because an orderly exit would join
 * the thread that hangs in the write.
 */
const WRITER_SOURCE = `
const { constants, promises } = require("node:fs");
const write = async ({ path, content }) => {
  const file = await promises.open(path, constants.O_WRONLY | constants.O_TRUNC);
  try { await file.write(content); } finally { await file.close(); }
};
require("node:readline").createInterface({ input: process.stdin })
  .on("line", (line) => write(JSON.parse(line)).then(() => "", (error) => error.code ?? "EIO")
    .then((errno) => process.stdout.write(errno + "\\n")))
  .on("close", () => process.kill(process.pid, "SIGKILL"));
`;
