import type { Metafile } from "esbuild";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

/** A package of npm that is part of a bundle. */
export interface BundledPackage {
  readonly name: string;
  readonly version: string;
  /** SPDX expression. */
  readonly license?: string;
  /** What its licence, copying and notice files say. */
  readonly texts: readonly string[];
}

/** The packages of which something is in a bundle, by name. @param root What the metafile's paths begin at */
export function bundledPackages({ inputs }: Metafile, root: string): BundledPackage[] {
  const folders = new Set(Object.keys(inputs).flatMap((input) => packageFolder(input) ?? []));
  return [...folders].sort().map((folder) => describePackage(resolve(root, folder)));
}

/** Name, version and licence texts of all of them, after this project's own. */
export function licences(packages: readonly BundledPackage[], own: string): string {
  const texts = packages.map(({ name, version, license, texts }) =>
    [`${name} ${version} (${license ?? "licence not named"})`, ...texts].join("\n\n"),
  );
  return `pulumi-sriov\n\n${own.trim()}\n\n${texts.map((text) => `${"-".repeat(80)}\n${text}\n`).join("\n")}`;
}

function describePackage(folder: string): BundledPackage {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as PackageJson;
  const files = readdirSync(folder).filter((file) => /^(licen[sc]e|notice|copying)/i.test(file));
  const texts = files.map((file) => readFileSync(join(folder, file), "utf8").trim());
  return { name, version, ...(license !== undefined && { license }), texts };
}

interface PackageJson {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
}

function packageFolder(input: string): string | undefined {
  return /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1];
}
