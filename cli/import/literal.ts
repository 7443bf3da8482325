const WIDTH = 120;
const STEP = "  ";

/** Text of a program that stands in a value's place. */
export class Expression {
  constructor(readonly text: string) {}
}

/**
 * A value as TypeScript text: on one line where it fits, else a line for each part.
 *
 * @param column where on the line it begins, and how much follows it there.
 */
export function literal(value: unknown, indent: string, column: number): string {
  const flat = flatText(value);
  if (column + flat.length <= WIDTH || !isCompound(value)) return flat;
  const inner = indent + STEP;
  const lines = Array.isArray(value)
    ? value.map((part) => `${inner}${literal(part, inner, inner.length + 1)},\n`)
    : Object.entries(value).map(([key, part]) => {
        const head = `${inner}${keyText(key)}: `;
        return `${head}${literal(part, inner, head.length + 1)},\n`;
      });
  const [open, close] = Array.isArray(value) ? ["[", "]"] : ["{", "}"];
  return `${open}\n${lines.join("")}${indent}${close}`;
}

function flatText(value: unknown): string {
  if (value instanceof Expression) return value.text;
  if (Array.isArray(value)) return `[${value.map(flatText).join(", ")}]`;
  if (typeof value !== "object" || value === null) return scalar(value);
  const entries = Object.entries(value).map(([key, part]) => `${keyText(key)}: ${flatText(part)}`);
  return entries.length === 0 ? "{}" : `{ ${entries.join(", ")} }`;
}

function isCompound(value: unknown): value is object {
  return typeof value === "object" && value !== null && !(value instanceof Expression);
}

function keyText(key: string): string {
  // Written out, this one would set an object's prototype.
  if (key === "__proto__") return '["__proto__"]';
  return /^[A-Za-z_$][\w$]*$/.test(key) ? key : scalar(key);
}

/** JSON is TypeScript, but for two line ends that some readers take for such; and JSON in text is easier on the eye in single quotes. */
function scalar(value: unknown): string {
  const text = JSON.stringify(value).replaceAll("\u2028", "\\u2028").replaceAll("\u2029", "\\u2029");
  if (typeof value !== "string" || !value.includes('"') || value.includes("'")) return text;
  return `'${text.slice(1, -1).replaceAll('\\"', '"')}'`;
}
