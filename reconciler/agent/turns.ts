/** Has those who would do something to the same thing do it one after the other, in the order in which they asked. */
export class Turns<K> {
  /** Ends when the last one who asked has ended. */
  private readonly last = new Map<K, Promise<void>>();

  /** As `work`, which begins once all who asked before for the same `key` have ended, however. */
  async take<T>(key: K, work: () => Promise<T>): Promise<T> {
    const mine = (this.last.get(key) ?? Promise.resolve()).then(work);
    const ended = mine.then(
      () => undefined,
      () => undefined,
    );
    this.last.set(key, ended);
    try {
      return await mine;
    } finally {
      if (this.last.get(key) === ended) this.last.delete(key);
    }
  }
}
