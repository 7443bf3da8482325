import { createHash } from "node:crypto";
import { closeSync, mkdtempSync, openSync, readFileSync, renameSync, rmSync, writeSync } from "node:fs";
import { readdirSync, readlinkSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { imageConfig, OPT } from "./image-config.js";
import { type TarEntry, tarArchive } from "./tar.js";
import { reconcilerTree, type TreeOptions } from "./tree.js";

export interface ImageOptions extends TreeOptions {
  /** Names of the image, each with its tag: one or more. */
  readonly tags: readonly string[];
  /** The archive's path. */
  readonly out: string;
}

/**
 * Makes the reconciler's image without a container engine, as an archive that they load: `docker load`, `podman load`,
 * `ctr images import`.
 *
 * @returns the archive's path
 */
export async function reconcilerImage({ tags, out, ...options }: ImageOptions): Promise<string> {
  const workspace = mkdtempSync(join(dirname(out), ".image-"));
  try {
    const tree = join(workspace, "tree");
    await reconcilerTree(tree, options);
    const unfinished = join(workspace, "archive");
    writeArchive(unfinished, tree, tags);
    renameSync(unfinished, out);
  } finally {
    rmSync(workspace, { recursive: true, force: true });
  }
  return out;
}

function writeArchive(out: string, tree: string, tags: readonly string[]): void {
  const entries = entriesOf(tree);
  const isOurs = ({ path }: TarEntry): boolean => `/${path}`.startsWith(OPT) || OPT.startsWith(`/${path}/`);
  // What changes with each version lies above what seldom does: a node that has one version gets the next with little.
  const layers = [entries.filter((entry) => !isOurs(entry)), entries.filter(isOurs)].map((layer) => {
    const content = tarArchive(layer);
    return { content, digest: createHash("sha256").update(content).digest("hex") };
  });
  const config = Buffer.from(
    JSON.stringify({
      created: "1970-01-01T00:00:00Z",
      architecture: process.arch === "x64" ? "amd64" : process.arch,
      os: "linux",
      config: imageConfig,
      rootfs: { type: "layers", diff_ids: layers.map(({ digest }) => `sha256:${digest}`) },
      history: ["base", "reconciler"].map((comment) => ({ created: "1970-01-01T00:00:00Z", comment })),
    }),
  );
  const configName = `${createHash("sha256").update(config).digest("hex")}.json`;
  const manifest = [{ Config: configName, RepoTags: tags, Layers: layers.map(({ digest }) => `${digest}.tar`) }];
  const file = openSync(out, "w");
  writeSync(
    file,
    tarArchive([
      { path: "manifest.json", file: Buffer.from(JSON.stringify(manifest)) },
      { path: configName, file: config },
      ...layers.map(({ content, digest }) => ({ path: `${digest}.tar`, file: content })),
    ]),
  );
  closeSync(file);
}

/** What is in a folder, parents before what is in them, in an order that is the same everywhere. */
function entriesOf(directory: string, prefix = ""): TarEntry[] {
  const entries = readdirSync(join(directory, prefix), { withFileTypes: true });
  return entries
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry): TarEntry[] => {
      const path = prefix === "" ? entry.name : `${prefix}/${entry.name}`;
      const source = join(directory, path);
      if (entry.isDirectory()) return [{ path, directory: true }, ...entriesOf(directory, path)];
      if (entry.isSymbolicLink()) return [{ path, link: readlinkSync(source) }];
      return [{ path, file: readFileSync(source), executable: (statSync(source).mode & 0o111) !== 0 }];
    });
}
