import { createHash } from "node:crypto";
import { createWriteStream, lstatSync, readdirSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { type FileOnDisk, type TarEntry, tarPieces } from "./tar.js";

export interface Layer {
  /** What is in it. */
  readonly comment: string;
  /** Where its tar archive is on this machine. */
  readonly source: string;
  /** SHA-256 of that, in hexadecimal. */
  readonly digest: string;
}

/** The folder of what changes with each version. */
const VERSIONED = "opt";

type Entry = FileOnDisk | Exclude<TarEntry, { readonly file: Buffer }>;

/**
 * Writes an image's layers into `directory`. What changes with each version is a layer of its own above what seldom does,
 * so that a node that has one version fetches little of the next.
 */
export async function writeLayers(tree: string, directory: string): Promise<Layer[]> {
  const entries = entriesOf(tree);
  const isVersioned = ({ path }: Entry): boolean => `/${path}/`.startsWith(`/${VERSIONED}/`);
  const [above, below] = [entries.filter(isVersioned), entries.filter((entry) => !isVersioned(entry))];
  return [
    await writeLayer("Node and what else is of the system", below, directory),
    await writeLayer("the reconciler", above, directory),
  ];
}

async function writeLayer(comment: string, entries: readonly Entry[], directory: string): Promise<Layer> {
  const source = join(directory, `${comment.replaceAll(" ", "-")}.tar`);
  const hash = createHash("sha256");
  await pipeline(
    tarPieces(entries),
    async function* (pieces) {
      for await (const piece of pieces) {
        hash.update(piece);
        yield piece;
      }
    },
    createWriteStream(source),
  );
  return { comment, source, digest: hash.digest("hex") };
}

/** What is in a folder, parents before what is in them, in an order that is the same everywhere. */
function entriesOf(tree: string, folder = ""): Entry[] {
  return readdirSync(join(tree, folder))
    .sort()
    .flatMap((name): Entry[] => {
      const path = join(folder, name);
      const source = join(tree, path);
      const stats = lstatSync(source);
      if (stats.isDirectory()) return [{ path, directory: true }, ...entriesOf(tree, path)];
      if (stats.isSymbolicLink()) return [{ path, link: readlinkSync(source) }];
      return [{ path, source, executable: (stats.mode & 0o111) !== 0 }];
    });
}
