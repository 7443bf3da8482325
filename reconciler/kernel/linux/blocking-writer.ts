import { WriterProcess } from "./writer-process.js";

/**
 * Writes to files whose write may block for long or for good, each with a deadline and in a process of its own, so that
 * one device never holds up another. Processes are reused while they answer, and end after {@link IDLE_MS} without work.
 */
export class BlockingWriter {
  readonly #idle = new Map<WriterProcess, NodeJS.Timeout>();
  /** By file: resolves when no process of ours is in the kernel for it any more. */
  readonly #occupied = new Map<string, Promise<void>>();

  /** Resolves with the errno's name, `ETIMEDOUT` after `deadlineMs`, or `undefined` when the content is written. */
  async write(path: string, content: string, deadlineMs: number): Promise<string | undefined> {
    const deadline = new Deadline(deadlineMs);
    try {
      // The kernel has one lock per device and would let the second wait too; but a device that hangs is to cost one
      // process, not one with every attempt.
      while (this.#occupied.has(path)) {
        if ((await Promise.race([this.#occupied.get(path), deadline.passed])) === ETIMEDOUT) return ETIMEDOUT;
      }
      return await this.#writeNow(path, content, deadline);
    } finally {
      deadline.cancel();
    }
  }

  close(): void {
    for (const writer of this.#idle.keys()) this.#retire(writer);
  }

  async #writeNow(path: string, content: string, deadline: Deadline): Promise<string | undefined> {
    const writer = this.#takeWriter();
    const written = writer.write(path, content);
    const free = Promise.race([written, writer.ended]).then(() => void this.#occupied.delete(path));
    this.#occupied.set(path, free);

    const answer = await Promise.race([written, deadline.passed]);
    if (answer === ETIMEDOUT) writer.end();
    else if (writer.alive) this.#putBack(writer);
    return answer;
  }

  #takeWriter(): WriterProcess {
    const [idle] = this.#idle.keys();
    if (idle === undefined) return this.#startWriter();
    clearTimeout(this.#idle.get(idle));
    this.#idle.delete(idle);
    return idle;
  }

  #startWriter(): WriterProcess {
    const writer = new WriterProcess();
    void writer.ended.then(() => this.#idle.delete(writer));
    return writer;
  }

  #putBack(writer: WriterProcess): void {
    this.#idle.set(writer, setTimeout(() => this.#retire(writer), IDLE_MS).unref());
  }

  #retire(writer: WriterProcess): void {
    clearTimeout(this.#idle.get(writer));
    this.#idle.delete(writer);
    writer.end();
  }
}

const IDLE_MS = 30_000;

const ETIMEDOUT = "ETIMEDOUT";

/** Its timer keeps this process alive while a write is under way, which the writer's own process does not. */
class Deadline {
  readonly passed: Promise<typeof ETIMEDOUT>;
  #timer: NodeJS.Timeout | undefined;

  constructor(milliseconds: number) {
    this.passed = new Promise((resolve) => {
      this.#timer = setTimeout(() => resolve(ETIMEDOUT), milliseconds);
    });
  }

  cancel(): void {
    clearTimeout(this.#timer);
  }
}
