import { build, type Metafile, type Plugin } from "esbuild";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

/** The checkout's top: what is bundled are the sources, since only of ES modules can unused parts be left out. */
const root = join(__dirname, "..", "..");

/**
 * Bundles a program into one file that runs on Node alone, with the licences of the packages in it beside it, as
 * `<outfile>.LICENSES.txt`. This is how the reconciler ships and how a QEMU guest gets it.
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
  const outfile = join(root, "dist", "reconciler", "pulumi-sriov-reconciler.cjs");
  void bundle("reconciler/main.ts", outfile).then(() => console.log(outfile));
}
