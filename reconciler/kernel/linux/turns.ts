/**
 * Lets a few do something at once, and others wait for them to end, but not for what may be stuck: while none ends, one
 * more gets its turn now and then.
 */
export class Turns {
  #taken = 0;
  readonly #waiting: (() => void)[] = [];
  #patience: NodeJS.Timeout | undefined;

  /** @param patienceMs how long nobody may end before one more gets its turn. */
  constructor(
    private readonly atOnce: number,
    private readonly patienceMs: number,
  ) {}

  /** Resolves when it is the caller's turn, which lasts until {@link end}. */
  async take(): Promise<void> {
    if (this.#taken < this.atOnce) {
      this.#taken++;
      return;
    }
    await new Promise<void>((resolve) => {
      this.#waiting.push(resolve);
      if (this.#waiting.length === 1) this.#bePatient();
    });
  }

  end(): void {
    this.#taken--;
    this.#admitNext();
  }

  #admitNext(): void {
    clearTimeout(this.#patience);
    const next = this.#waiting.shift();
    if (next === undefined) return;
    this.#taken++;
    next();
    if (this.#waiting.length > 0) this.#bePatient();
  }

  #bePatient(): void {
    this.#patience = setTimeout(() => this.#admitNext(), this.patienceMs);
  }
}
