import { KernelError } from "../kernel.js";
import { FileProcess, type FileAnswer, type FileRequest } from "./file-process.js";
import { Turns } from "./turns.js";

export interface BlockingOptions {
  readonly deadlineMs: number;
  /** What is held up where the kernel does not return. Default: the file itself, which is right unless devices share it. */
  readonly device?: string;
}

/**
 * Files whose write or read may block for long or for good: each is done by a process of its own and has a deadline, so
 * that one device never holds up another. Processes are used again while they answer, and end after {@link IDLE_MS}
 * without work.
 */
export class BlockingFiles {
  readonly #idle = new Map<FileProcess, NodeJS.Timeout>();
  /** A hundred VFs to bind at once are not to become a hundred processes. */
  readonly #turns = new Turns(PROCESSES, PATIENCE_MS);
  /** By device: resolves when no process of ours is in the kernel for it any more. */
  readonly #occupied = new Map<string, Promise<undefined>>();

  constructor(private readonly newProcess = (): FileProcess => new FileProcess()) {}

  /** @throws {KernelError} The kernel's answer; ETIMEDOUT after the deadline, when it may still be at it. */
  async write(path: string, content: string, options: BlockingOptions): Promise<void> {
    await this.#run({ path, content }, `write ${content.trim() || '""'}`, options);
  }

  /** Without white space around it. @throws {KernelError} As {@link write}. */
  async read(path: string, options: BlockingOptions): Promise<string> {
    return (await this.#run({ path }, "read", options)).trim();
  }

  close(): void {
    for (const process of this.#idle.keys()) this.#retire(process);
  }

  async #run(
    request: FileRequest,
    operation: string,
    { deadlineMs, device = request.path }: BlockingOptions,
  ): Promise<string> {
    const deadline = new Deadline(deadlineMs);
    try {
      const { errno, content = "" } = await this.#runBefore(deadline, request, device);
      if (errno !== undefined) throw new KernelError(errno, request.path, operation);
      return content;
    } finally {
      deadline.cancel();
    }
  }

  async #runBefore(deadline: Deadline, request: FileRequest, device: string): Promise<FileAnswer> {
    // The kernel has one lock per device and would let the second wait too; but a device that hangs is to cost one
    // process, not one with every attempt.
    while (this.#occupied.has(device)) {
      if ((await Promise.race([this.#occupied.get(device), deadline.passed])) === LATE) return LATE;
    }
    const { promise: free, resolve: release } = Promise.withResolvers<undefined>();
    this.#occupied.set(device, free);
    const vacate = (): void => {
      this.#occupied.delete(device);
      release(undefined);
    };
    const turn = this.#turns.take();
    if ((await Promise.race([turn, deadline.passed])) === LATE) {
      void turn.then(() => this.#turns.end());
      vacate();
      return LATE;
    }
    return this.#runNow(deadline, request, vacate);
  }

  async #runNow(deadline: Deadline, request: FileRequest, vacate: () => void): Promise<FileAnswer> {
    const process = this.#takeProcessIfAny();
    if (process === undefined) {
      vacate();
      this.#turns.end();
      return NO_PROCESS;
    }
    const answered = process.run(request);
    void Promise.race([answered, process.ended]).then(vacate);

    const answer = await Promise.race([answered, deadline.passed]);
    if (answer === LATE) process.end();
    else if (process.alive) this.#putBack(process);
    this.#turns.end();
    return answer;
  }

  /** None where this machine, or its limit for us, is out of memory, processes or open files. */
  #takeProcessIfAny(): FileProcess | undefined {
    try {
      return this.#takeProcess();
    } catch {
      return undefined;
    }
  }

  #takeProcess(): FileProcess {
    const [idle] = this.#idle.keys();
    if (idle === undefined) return this.#startProcess();
    clearTimeout(this.#idle.get(idle));
    this.#idle.delete(idle);
    return idle;
  }

  #startProcess(): FileProcess {
    const process = this.newProcess();
    void process.ended.then(() => this.#idle.delete(process));
    return process;
  }

  #putBack(process: FileProcess): void {
    this.#idle.set(process, setTimeout(() => this.#retire(process), IDLE_MS).unref());
  }

  #retire(process: FileProcess): void {
    clearTimeout(this.#idle.get(process));
    this.#idle.delete(process);
    process.end();
  }
}

const IDLE_MS = 30_000;

const PROCESSES = 4;
/** Most writes return within 50 ms, and a process starts within as much. */
const PATIENCE_MS = 500;

const LATE: FileAnswer = { errno: "ETIMEDOUT" };
/** Not the errno of the failed start: that would be taken for the device's. */
const NO_PROCESS: FileAnswer = { errno: "EAGAIN" };

/** Its timer keeps this process alive while work is under way, which the one that does it does not. */
class Deadline {
  readonly passed: Promise<typeof LATE>;
  #timer: NodeJS.Timeout | undefined;

  constructor(milliseconds: number) {
    this.passed = new Promise((resolve) => {
      this.#timer = setTimeout(() => resolve(LATE), milliseconds);
    });
  }

  cancel(): void {
    clearTimeout(this.#timer);
  }
}
