/** A failure to tell the user in one line, without a stack. */
export class EngineError extends Error {
  override readonly name = "EngineError";
}

/** The operation failed, and diagnostics have already said why. */
export class Reported extends Error {
  override readonly name = "Reported";
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
