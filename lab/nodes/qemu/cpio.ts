/** One entry of an initramfs: a file, a symbolic link or a directory, at a path relative to the root. */
export type CpioEntry =
  | { readonly path: string; readonly file: Buffer; readonly executable?: boolean }
  | { readonly path: string; readonly link: string }
  | { readonly path: string; readonly directory: true };

/**
 * Writes a cpio archive in the "newc" format, the one that the kernel unpacks as an initramfs. Parent directories are
 * added where they are missing. Archives may be put one behind the other: the kernel unpacks them in turn, and a later
 * file replaces an earlier one.
 */
export function cpioArchive(entries: readonly CpioEntry[]): Buffer {
  const chunks: Buffer[] = [];
  withParents(entries).forEach((entry, index) => chunks.push(...record(entry, index + 1)));
  chunks.push(...record({ path: "TRAILER!!!", file: Buffer.alloc(0) }, 0));
  return Buffer.concat(chunks);
}

const regularFile = 0o100000;
const symbolicLink = 0o120000;
const directory = 0o040000;

function withParents(entries: readonly CpioEntry[]): CpioEntry[] {
  const seen = new Set<string>();
  const all: CpioEntry[] = [];
  for (const entry of entries) {
    const path = entry.path.replace(/^\/+/, "");
    const parts = path.split("/");
    for (let depth = 1; depth < parts.length; depth++) {
      const parent = parts.slice(0, depth).join("/");
      if (!seen.has(parent)) all.push({ path: parent, directory: true });
      seen.add(parent);
    }
    if ("directory" in entry && seen.has(path)) continue;
    seen.add(path);
    all.push({ ...entry, path });
  }
  return all;
}

function record(entry: CpioEntry, inode: number): Buffer[] {
  const [mode, body] = content(entry);
  const name = Buffer.from(`${entry.path}\0`);
  // magic, ino, mode, uid, gid, nlink, mtime, filesize, devmajor, devminor, rdevmajor, rdevminor, namesize, check
  const fields = [inode, mode, 0, 0, 1, 0, body.length, 0, 0, 0, 0, name.length, 0];
  const header = Buffer.from(`070701${fields.map((field) => field.toString(16).padStart(8, "0")).join("")}`);
  return [header, name, padding(header.length + name.length), body, padding(body.length)];
}

function content(entry: CpioEntry): [mode: number, body: Buffer] {
  if ("file" in entry) return [regularFile | (entry.executable === true ? 0o755 : 0o644), entry.file];
  if ("link" in entry) return [symbolicLink | 0o777, Buffer.from(entry.link)];
  return [directory | 0o755, Buffer.alloc(0)];
}

function padding(length: number): Buffer {
  return Buffer.alloc((4 - (length % 4)) % 4);
}
