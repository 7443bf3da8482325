/** VFs of one NIC by index, both ends included. */
export interface VfRange {
  readonly first: number;
  readonly last: number;
}

/** An entry of `nicSelector.pfNames`. */
export interface PfName {
  /** Of the interface, or an alternative one. */
  readonly name: string;
  /** Undefined where the entry has none: all VFs. */
  readonly range: VfRange | undefined;
}

/** `ens1f0` or `ens1f0#0-3`; undefined where it is neither. */
export function parsePfName(text: string): PfName | undefined {
  const mark = text.indexOf("#");
  if (mark < 0) return isInterfaceName(text) ? { name: text, range: undefined } : undefined;
  const name = text.slice(0, mark);
  const range = parseVfRange(text.slice(mark + 1));
  return isInterfaceName(name) && range !== undefined ? { name, range } : undefined;
}

/** `0-3`; undefined where it is no range, or ends before it begins. */
export function parseVfRange(text: string): VfRange | undefined {
  const match = /^(\d{1,9})-(\d{1,9})$/.exec(text);
  if (match === null) return undefined;
  const range = { first: Number(match[1]), last: Number(match[2]) };
  return range.first <= range.last ? range : undefined;
}

export function formatVfRange({ first, last }: VfRange): string {
  return `${first}-${last}`;
}

export function overlaps(a: VfRange, b: VfRange): boolean {
  return a.first <= b.last && b.first <= a.last;
}

function isInterfaceName(text: string): boolean {
  return text !== "" && !/[\s/#]/.test(text);
}
