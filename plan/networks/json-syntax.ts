/** Where a text stops being JSON. */
export interface JsonError {
  /** Index of the first character that cannot stand there; the text's length where it ends too early. */
  readonly offset: number;
  /** What could stand there. */
  readonly expected: string;
}

/**
 * The first error of a text as JSON (RFC 8259), or nothing. JSON.parse says where only at times, and in words that change with
 * the engine.
 */
export function jsonError(text: string): JsonError | undefined {
  try {
    new JsonReader(text).document();
    return undefined;
  } catch (error) {
    if (error instanceof Unexpected) return { offset: error.offset, expected: error.expected };
    throw error;
  }
}

/** `line 2, column 7`, both from 1. */
export function positionOf(text: string, offset: number): string {
  const before = text.slice(0, offset);
  return `line ${before.split("\n").length}, column ${offset - before.lastIndexOf("\n")}`;
}

class Unexpected extends Error {
  constructor(
    readonly offset: number,
    readonly expected: string,
  ) {
    super(expected);
  }
}

/** Keeps a text of nothing but brackets from exhausting the stack. */
const MAX_DEPTH = 500;
const SPACES = /[ \t\n\r]*/y;
const SCALAR = /(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.+-])/y;
const CHARACTERS = /(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))/y;

/** Reads forward, one thing after the other. */
class JsonReader {
  private at = 0;
  private depth = 0;

  constructor(private readonly text: string) {}

  document(): void {
    this.value();
    if (this.at < this.text.length) this.fail("the end of the text");
  }

  private value(): void {
    this.skip(SPACES);
    if (this.text[this.at] === "{") this.entries("}", () => this.member());
    else if (this.text[this.at] === "[") this.entries("]", () => this.value());
    else if (this.text[this.at] === '"') this.string();
    else if (!this.skip(SCALAR)) this.fail("a value");
    this.skip(SPACES);
  }

  /** Of an object or a list, from its opening bracket to its end. */
  private entries(end: "}" | "]", entry: () => void): void {
    if (++this.depth > MAX_DEPTH) this.fail(`no more than ${MAX_DEPTH} levels`);
    this.at++;
    this.skip(SPACES);
    if (this.text[this.at] !== end) entry();
    while (this.text[this.at] === ",") {
      this.at++;
      entry();
    }
    this.expect(end, `"," or "${end}"`);
    this.depth--;
  }

  private member(): void {
    this.skip(SPACES);
    if (this.text[this.at] !== '"') this.fail("a property name in double quotes");
    this.string();
    this.skip(SPACES);
    this.expect(":", '":"');
    this.value();
  }

  private string(): void {
    this.at++;
    while (this.skip(CHARACTERS));
    this.expect('"', this.text[this.at] === "\\" ? "an escape such as \\n or \\u00e9" : "a closing double quote");
  }

  private expect(character: string, expected: string): void {
    if (this.text[this.at] !== character) this.fail(expected);
    this.at++;
  }

  /** Goes on behind what the pattern finds here; false where it finds nothing. */
  private skip(pattern: RegExp): boolean {
    pattern.lastIndex = this.at;
    if (!pattern.test(this.text)) return false;
    this.at = pattern.lastIndex;
    return true;
  }

  private fail(expected: string): never {
    throw new Unexpected(this.at, expected);
  }
}
