/** A number as somebody wrote it, where this language has none of its value; `JSON.stringify` puts it back as it was. */
export interface ExactNumber {
  readonly rawJSON: string;
}

/** Not in TypeScript's own declarations yet. */
interface ExactJson {
  parse(
    text: string,
    reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown,
  ): unknown;
  rawJSON(text: string): ExactNumber;
  isRawJSON(value: unknown): value is ExactNumber;
}

const exact = JSON as unknown as ExactJson;

/**
 * Reads JSON of which nothing may be lost: what is passed on to a CNI plugin is what somebody wrote, `12345678901234567890`
 * and `1e400` too, which would else be another number and null.
 *
 * @throws {SyntaxError}
 */
export function parseExactly(text: string): unknown {
  return exact.parse(text, (_key, value, { source }) =>
    typeof value === "number" && source !== undefined && JSON.stringify(value) !== source
      ? exact.rawJSON(source)
      : value,
  );
}

export function isExactNumber(value: unknown): value is ExactNumber {
  return exact.isRawJSON(value);
}
