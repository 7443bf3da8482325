/**
 * When a thing is looked at: one pass at a time, another when it was woken meanwhile, and one more when a pass asks for
 * that.
 */
export class PassLoop {
  private running: Promise<void> | undefined;
  private woken = false;
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;

  /** @param pass resolves with when it is to be called again unasked, in milliseconds since the epoch. Never rejects. */
  constructor(private readonly pass: () => Promise<number | undefined>) {}

  wake(): void {
    this.woken = true;
    if (this.stopped) return;
    clearTimeout(this.timer);
    this.running ??= this.run();
  }

  /** Resolves when nothing is left to do for now. */
  async idle(): Promise<void> {
    await this.running;
  }

  /** Ends after the pass that is under way. */
  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.running;
  }

  private async run(): Promise<void> {
    while (this.woken && !this.stopped) {
      this.woken = false;
      const again = await this.pass();
      if (again !== undefined) this.wakeAt(again);
    }
    // Not after this function has returned: who wakes it in between would be forgotten, with the timer of a retry.
    this.running = undefined;
  }

  private wakeAt(time: number): void {
    clearTimeout(this.timer);
    if (!this.stopped) this.timer = setTimeout(() => this.wake(), time - Date.now());
  }
}
