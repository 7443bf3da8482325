import { createHash } from "node:crypto";
import { copyFileSync, createWriteStream, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { BILL_OF_MATERIALS, imageConfig } from "./image-config.js";
import { type Layer, writeLayers } from "./layers.js";
import { type FileOnDisk, type TarEntry, tarPieces } from "./tar.js";
import { reconcilerTree, type TreeOptions } from "./tree.js";

export interface ImageOptions extends TreeOptions {
  /** Names of the image, each with its tag: one or more. */
  readonly tags: readonly string[];
  /** The archive's path; what is there is replaced. */
  readonly out: string;
}

/**
 * Makes the reconciler's image without a container engine, as an archive that they load: `docker load`, `podman load`,
 * `ctr images import`. From the same programs it is the same to the byte. Beside it, as `<out>.cdx.json`, is the bill of
 * materials that is also in the image.
 *
 * @returns the archive's path
 * @throws {Error} As {@link reconcilerTree} says
 */
export async function reconcilerImage({ tags, out, ...options }: ImageOptions): Promise<string> {
  mkdirSync(dirname(out), { recursive: true });
  const workspace = mkdtempSync(join(dirname(out), ".image-"));
  try {
    const tree = join(workspace, "tree");
    await reconcilerTree(tree, options);
    const unfinished = join(workspace, "archive");
    await writeTar(unfinished, archiveEntries(await writeLayers(tree, workspace), tags));
    copyFileSync(join(tree, BILL_OF_MATERIALS), `${out}.cdx.json`);
    // Renamed into place, so that nobody loads half an image.
    renameSync(unfinished, out);
  } finally {
    rmSync(workspace, { recursive: true, force: true });
  }
  return out;
}

/** What `docker save` writes, which all engines read: of an OCI layout some would not know short names. */
function archiveEntries(layers: readonly Layer[], tags: readonly string[]): (TarEntry | FileOnDisk)[] {
  const config = Buffer.from(JSON.stringify(configOf(layers)));
  const configName = `${createHash("sha256").update(config).digest("hex")}.json`;
  const manifest = [{ Config: configName, RepoTags: tags, Layers: layers.map(({ digest }) => `${digest}.tar`) }];
  return [
    { path: "manifest.json", file: Buffer.from(JSON.stringify(manifest)) },
    { path: configName, file: config },
    ...layers.map(({ source, digest }) => ({ path: `${digest}.tar`, source })),
  ];
}

const EPOCH = "1970-01-01T00:00:00Z";

/** By Go's name of this machine's processor, as images have it. */
const architecture = process.arch === "x64" ? "amd64" : process.arch;

function configOf(layers: readonly Layer[]): object {
  return {
    created: EPOCH,
    architecture,
    os: "linux",
    config: imageConfig,
    rootfs: { type: "layers", diff_ids: layers.map(({ digest }) => `sha256:${digest}`) },
    history: layers.map(({ comment }) => ({ created: EPOCH, comment })),
  };
}

function writeTar(path: string, entries: Iterable<TarEntry | FileOnDisk>): Promise<void> {
  return pipeline(tarPieces(entries), createWriteStream(path));
}
