/** For after an await: TypeScript takes what was false before it for false after it. */
export function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
