/** How soon a scan that left something undone is done again; doubles up to the interval. */
const FIRST_RETRY_MS = 1_000;

/**
 * Runs scans: one at a time, at the interval, when asked for, and after one that left something undone with growing
 * pauses. One that is asked for while another is under way follows it.
 */
export class Scans {
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;
  private again = false;
  private stopped = false;
  private retryMs = FIRST_RETRY_MS;

  /** `scan` says whether all was done; it never rejects. */
  constructor(
    private readonly scan: () => Promise<boolean>,
    private readonly intervalMs: number,
  ) {}

  /** Resolves when a scan that began after the call is done. */
  now(): Promise<void> {
    this.again = true;
    this.running ??= this.run();
    return this.running;
  }

  /** Resolves when none is under way; none begins any more. */
  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.running;
  }

  private async run(): Promise<void> {
    clearTimeout(this.timer);
    let done = true;
    while (this.again && !this.stopped) {
      this.again = false;
      done = await this.scan();
    }
    // Not after this function has returned: who asks in between would be forgotten.
    this.running = undefined;
    this.next(done);
  }

  private next(done: boolean): void {
    if (this.stopped) return;
    const ms = done ? this.intervalMs : Math.min(this.retryMs, this.intervalMs);
    this.retryMs = done ? FIRST_RETRY_MS : this.retryMs * 2;
    this.timer = setTimeout(() => void this.now(), ms);
  }
}
