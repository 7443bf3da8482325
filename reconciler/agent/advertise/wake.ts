/** Lets one wait until another calls. A call that nobody waits for is not lost. */
export class Wake {
  private called = false;
  private resolve: (() => void) | undefined;

  call(): void {
    this.called = true;
    this.resolve?.();
  }

  /** Resolves at the next call, at once where there was one since the last wait, or after so long. */
  async wait(longestMs?: number): Promise<void> {
    if (!this.called) {
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        this.resolve = resolve;
        if (longestMs !== undefined) timer = setTimeout(resolve, longestMs);
      });
      clearTimeout(timer);
    }
    this.resolve = undefined;
    this.called = false;
  }
}
