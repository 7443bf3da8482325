import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { writeLayers } from "../../image/layers.js";
import { imageConfig, NODE, OPT } from "../../image/image-config.js";
import { bundleEnv } from "../../image/runtime.js";
import { reconcilerTree } from "../../image/tree.js";
import { type Figure, percentile } from "./figure.js";

const STARTS = 20;

/**
 * How large the image is, and how long its entrypoint takes until the reconciler has loaded all of itself and looked for its
 * cluster, beside the same of the compiled files with the packages that they require.
 */
export async function benchImage(progress: (line: string) => void): Promise<readonly Figure[]> {
  const scratch = mkdtempSync(join(tmpdir(), "bench-image-"));
  try {
    progress("making the image …");
    const [tree, layersFolder] = [join(scratch, "tree"), join(scratch, "layers")];
    await reconcilerTree(tree);
    mkdirSync(layersFolder);
    const layers = await writeLayers(tree, layersFolder);
    progress(`${2 * STARTS} starts …`);
    return [...layers.flatMap(({ comment, source }) => sizes(comment, source)), ...startFigures(tree)];
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

function sizes(what: string, source: string): Figure[] {
  const transferred = gzipSync(readFileSync(source)).length;
  return [
    { what: `layer: ${what}`, value: statSync(source).size / MB, unit: "MB" },
    { what: "  as a registry hands it out", value: transferred / MB, unit: "MB" },
  ];
}

const MB = 1_000_000;

function startFigures(tree: string): Figure[] {
  const [, ...flagsAndBundle] = imageConfig.Entrypoint.map((part) => (part.startsWith(OPT) ? join(tree, part) : part));
  const compiled = join(__dirname, "..", "..", "reconciler", "main.js");
  const [image, files]: [number[], number[]] = [[], []];
  // In turns, so that what else the machine does hits both.
  for (let round = -1; round < STARTS; round++) {
    const ofImage = startMs(join(tree, NODE), flagsAndBundle, bundleEnv(join(tree, OPT)));
    const ofFiles = startMs(process.execPath, [compiled], {});
    if (round < 0) continue;
    image.push(ofImage);
    files.push(ofFiles);
  }
  const [p50, base] = [percentile(image, 50), percentile(files, 50)];
  return [
    { what: `start: the image's entrypoint, p50 of ${STARTS}`, value: p50, unit: "ms" },
    { what: "  base: the compiled files with their packages, p50", value: base, unit: "ms" },
    { what: "  start, in bases", value: p50 / base, unit: "×", target: 0.5 },
  ];
}

function startMs(node: string, args: readonly string[], env: Readonly<Record<string, string>>): number {
  const began = performance.now();
  const { status } = spawnSync(node, [...args, "controller", "--kubeconfig", "/none"], { env, stdio: "ignore" });
  if (status !== 1) throw new Error(`${node} ended with status ${status ?? "none"}, where it finds no cluster`);
  return performance.now() - began;
}
