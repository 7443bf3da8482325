/** Where nobody may see what a change does: what is not seen, and why. {@link isUntold} finds it in an engine's words. */
export function describeUntold(what: string, why: string): string {
  return `${what} ${MARK}${why}`;
}

/** Pure: whether the text says that something was not seen. */
export function isUntold(text: string): boolean {
  return text.includes(MARK);
}

const MARK = "cannot be told: ";
