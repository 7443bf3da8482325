import { build, type Metafile, type Plugin } from "esbuild";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

/** The checkout's top: what is bundled are the sources, since only of ES modules can unused parts be left out. */
const root = join(__dirname, "..", "..");

/** Folder beside the bundle. A copy of both keeps the bundle's name, since the cache goes by it. */
export const compileCacheName = "compile-cache";

/**
 * Flags of Node for the bundle. V8's two optimizing compilers are for code that runs hot, and the agent rests: without them
 * one with 256 VFs takes a fifth less memory and no more processor time. More room for new objects would only let garbage
 * of hours pile up.
 */
export const bundleFlags = ["--no-opt", "--no-maglev", "--max-semi-space-size=1"] as const;

/** Of the allocator, whose default is eight for each core; what is freed in one is of no use in another. */
const ONE_ARENA = "1";

/**
 * Environment in which the bundle in `directory` is to run: Node uses the cache beside it, where it is the same Node with
 * the same flags that made it, and keeps its memory small.
 */
export function bundleEnv(directory: string): Readonly<Record<string, string>> {
  return {
    NODE_COMPILE_CACHE: join(directory, compileCacheName),
    NODE_COMPILE_CACHE_PORTABLE: "1",
    MALLOC_ARENA_MAX: ONE_ARENA,
  };
}

/**
 * The reconciler as it ships, and as a QEMU guest gets it: one file, the licences of what is in it, and what the compiler
 * makes of it, which saves a good part of each start.
 */
export async function bundleReconciler(directory: string, name = "pulumi-sriov-reconciler.cjs"): Promise<string> {
  const outfile = join(directory, name);
  await bundle("reconciler/main.ts", outfile);
  rmSync(join(directory, compileCacheName), { recursive: true, force: true });
  // Ends at once, since nobody serves at port 1; until then it has run through most of what a start runs through.
  const file = join(directory, "warm-up.kubeconfig");
  writeFileSync(file, JSON.stringify(NOBODY_SERVES));
  const args = [outfile, "agent", "--node-name", "none", "--once", "--kubeconfig", file];
  spawnSync(process.execPath, [...bundleFlags, ...args], { env: bundleEnv(directory), stdio: "ignore" });
  rmSync(file);
  return outfile;
}

const NOBODY_SERVES = {
  apiVersion: "v1",
  kind: "Config",
  clusters: [{ name: "none", cluster: { server: "https://127.0.0.1:1" } }],
  users: [{ name: "nobody", user: { token: "none" } }],
  contexts: [{ name: "none", context: { cluster: "none", user: "nobody" } }],
  "current-context": "none",
};

/**
 * Bundles a program into one file that runs on Node alone, with the licences of the packages in it beside it, as
 * `<outfile>.LICENSES.txt`.
 *
 * @param entry The program's source, from the checkout's top
 */
export async function bundle(entry: string, outfile: string): Promise<void> {
  const { metafile } = await build({
    entryPoints: [join(root, entry)],
    outfile,
    absWorkingDir: root,
    bundle: true,
    platform: "node",
    format: "cjs",
    target: "node22",
    minify: true,
    // Errors are logged with the names of their classes.
    keepNames: true,
    // Kept in whole in the file beside it.
    legalComments: "none",
    metafile: true,
    logLevel: "warning",
    plugins: [kubeConfigAlone],
  });
  writeFileSync(`${outfile}.LICENSES.txt`, licences(metafile));
}

/**
 * Of client-node only its KubeConfig is used, for TLS options and credentials. Its generated clients, and undici, which only
 * those send with, are most of its size, and cost every start time and memory for good.
 */
const kubeConfigAlone: Plugin = {
  name: "kube-config-alone",
  setup(build) {
    const client = dirname(require.resolve("@kubernetes/client-node"));
    build.onResolve({ filter: /^@kubernetes\/client-node$/ }, () => ({ path: join(client, "config.js") }));
    build.onResolve({ filter: /^(undici|\.\/gen\/.*)$/ }, ({ path, importer }) =>
      dirname(importer) === client ? { path, namespace: "left-out" } : undefined,
    );
    // With `require`, whatever name is asked for is undefined, and nothing of it is reached by KubeConfig's own work.
    build.onLoad({ filter: /.*/, namespace: "left-out" }, () => ({ contents: "module.exports = {};", loader: "js" }));
  },
};

/** Name, version and licence text of every package that is part of the bundle. */
function licences({ inputs }: Metafile): string {
  const folders = new Set(Object.keys(inputs).map(packageFolder));
  const texts = [...folders]
    .filter((folder) => folder !== undefined)
    .sort()
    .map((folder) => {
      const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as PackageJson;
      const files = readdirSync(folder).filter((file) => /^(licen[sc]e|notice|copying)/i.test(file));
      const contents = files.map((file) => readFileSync(join(folder, file), "utf8").trim());
      return [`${name} ${version} (${license ?? "licence not named"})`, ...contents].join("\n\n");
    });
  const own = readFileSync(join(root, "LICENSE"), "utf8").trim();
  return `pulumi-sriov\n\n${own}\n\n${texts.map((text) => `${"-".repeat(80)}\n${text}\n`).join("\n")}`;
}

interface PackageJson {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
}

function packageFolder(input: string): string | undefined {
  const [, folder] = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input) ?? [];
  return folder === undefined ? undefined : resolve(root, folder);
}

if (require.main === module) {
  const directory = join(root, "dist", "bundle");
  void bundleReconciler(directory).then((outfile) => console.log(outfile));
}
