import { build, type Plugin } from "esbuild";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type BundledPackage, bundledPackages, licences } from "./bundled-packages.js";
import { makeCompileCache } from "./compile-cache.js";

/** The checkout's top: what is bundled are the sources, since only of ES modules can unused parts be left out. */
const root = join(__dirname, "..", "..");

/**
 * The reconciler as it ships, and as a QEMU guest gets it: one file, the licences of what is in it, and what the compiler
 * makes of it, which saves a good part of each start.
 */
export async function bundleReconciler(directory: string, name = "pulumi-sriov-reconciler.cjs"): Promise<Bundle> {
  const outfile = join(directory, name);
  const packages = await bundle("reconciler/main.ts", outfile);
  makeCompileCache(directory, name);
  return { outfile, packages };
}

export interface Bundle {
  readonly outfile: string;
  readonly packages: readonly BundledPackage[];
}

/**
 * Bundles a program into one file that runs on Node alone, with the licences of the packages in it beside it, as
 * `<outfile>.LICENSES.txt`.
 *
 * @param entry The program's source, from the checkout's top
 * @returns the packages
 */
export async function bundle(entry: string, outfile: string): Promise<readonly BundledPackage[]> {
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
  const packages = bundledPackages(metafile, root);
  writeFileSync(`${outfile}.LICENSES.txt`, licences(packages, readFileSync(join(root, "LICENSE"), "utf8")));
  return packages;
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

if (require.main === module) {
  const directory = join(root, "dist", "bundle");
  void bundleReconciler(directory).then(({ outfile }) => console.log(outfile));
}
