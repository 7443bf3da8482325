import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";

/** One entry of a tar archive: a file, a symbolic link or a directory, at a path relative to its root. */
export type TarEntry =
  | { readonly path: string; readonly file: Buffer; readonly executable?: boolean }
  | { readonly path: string; readonly link: string }
  | { readonly path: string; readonly directory: true };

const BLOCK = 512;

const END = Buffer.alloc(2 * BLOCK);

/** Writes a tar archive in the "ustar" format, everything owned by root and of 1970. Parents must come before what is in them. */
export function tarArchive(entries: readonly TarEntry[]): Buffer {
  return Buffer.concat([...entries.flatMap(record), END]);
}

/** A file whose content is read when its turn comes. */
export interface FileOnDisk {
  readonly path: string;
  /** Where it is on this machine. */
  readonly source: string;
  readonly executable?: boolean;
}

/** The same, piece by piece, for what need not all be in memory at once. */
export async function* tarPieces(entries: Iterable<TarEntry | FileOnDisk>): AsyncGenerator<Buffer> {
  for (const entry of entries) {
    if ("source" in entry) yield* recordFromDisk(entry);
    else yield* record(entry);
  }
  yield END;
}

async function* recordFromDisk({ source, ...entry }: FileOnDisk): AsyncGenerator<Buffer> {
  const { size } = await stat(source);
  yield header({ ...entry, file: Buffer.alloc(0) }, size);
  yield* createReadStream(source, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>;
  yield padding(size);
}

function record(entry: TarEntry): Buffer[] {
  const file = "file" in entry ? entry.file : Buffer.alloc(0);
  return [header(entry, file.length), file, padding(file.length)];
}

function padding(size: number): Buffer {
  return Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);
}

function header(entry: TarEntry, size: number): Buffer {
  if (Buffer.byteLength(entry.path) > 100) throw new RangeError(`${entry.path} is too long for a tar archive`);
  const [type, mode, link] = kind(entry);
  const block = Buffer.alloc(BLOCK);
  block.write(entry.path, 0);
  block.write(octal(mode, 7), 100);
  block.write(octal(0, 7), 108);
  block.write(octal(0, 7), 116);
  block.write(octal(size, 11), 124);
  block.write(octal(0, 11), 136);
  block.write(type, 156);
  block.write(link, 157);
  block.write("ustar\0" + "00", 257);
  // The sum is taken as if its own field were blank.
  const sum = block.fill(" ", 148, 156).reduce((total, byte) => total + byte, 0);
  block.write(`${octal(sum, 6)}\0 `, 148);
  return block;
}

function kind(entry: TarEntry): [type: string, mode: number, link: string] {
  if ("file" in entry) return ["0", entry.executable === true ? 0o755 : 0o644, ""];
  if ("link" in entry) return ["2", 0o777, entry.link];
  return ["5", 0o755, ""];
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, "0");
}
