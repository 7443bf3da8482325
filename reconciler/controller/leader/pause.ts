/** A wait that somebody may cut short; one at a time. */
export class Pause {
  private finish: (() => void) | undefined;

  /** Resolves after `ms`, or as soon as `signal` is aborted or `end` is called. */
  wait(ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const finish = (): void => {
        clearTimeout(timer);
        signal.removeEventListener("abort", finish);
        this.finish = undefined;
        resolve();
      };
      const timer = setTimeout(finish, ms);
      signal.addEventListener("abort", finish, { once: true });
      this.finish = finish;
    });
  }

  end(): void {
    this.finish?.();
  }
}
