/** Lets at most so many tasks be under way at once; more wait their turn, in order. */
export class Turns {
  private underWay = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(private readonly limit: number) {}

  async take<T>(task: () => Promise<T>): Promise<T> {
    // Who is let in by one that ends takes its place, so that nobody slips in between.
    if (this.underWay >= this.limit) await new Promise<void>((resolve) => this.waiting.push(resolve));
    else this.underWay++;
    try {
      return await task();
    } finally {
      const next = this.waiting.shift();
      if (next) next();
      else this.underWay--;
    }
  }
}
