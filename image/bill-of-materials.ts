import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { VERSION } from "../api/version.js";
import type { BundledPackage } from "./bundled-packages.js";
import { NODE } from "./image-config.js";
import type { DebianPackage } from "./packages/debian.js";
import type { SystemFiles } from "./system-files.js";

export interface Materials extends Pick<SystemFiles, "debian" | "release" | "others"> {
  /** Of npm, bundled into the reconciler. */
  readonly bundled: readonly BundledPackage[];
}

/** What an image consists of, in CycloneDX's JSON. The same materials give the same text: it has neither date nor serial number. */
export function billOfMaterials({ bundled, debian, release, others }: Materials): string {
  const components = [
    node(),
    ...bundled.map(ofNpm),
    ...debian.map((found) => ofDebian(found, release)),
    ...Object.entries(others).map(([path, source]) => ({ ...file(path, source), "bom-ref": `file:${path}` })),
  ];
  const subject = {
    type: "application",
    "bom-ref": "pulumi-sriov-reconciler",
    name: "pulumi-sriov-reconciler",
    version: VERSION,
    licenses: [{ license: { id: "Apache-2.0" } }],
  };
  const document = {
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: { component: subject },
    components,
    dependencies: [{ ref: subject["bom-ref"], dependsOn: components.map((component) => component["bom-ref"]) }],
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

/** With the libraries that are linked into it, which have weaknesses of their own. */
function node(): Component {
  const { node: version, ...linked } = process.versions;
  return {
    ...file(NODE, process.execPath),
    type: "application",
    "bom-ref": `node@${version}`,
    name: "node",
    version,
    // By these two names scanners know it.
    cpe: `cpe:2.3:a:nodejs:node.js:${version}:*:*:*:*:*:*:*`,
    purl: `pkg:generic/node@${version}`,
    licenses: [{ license: { id: "MIT" } }],
    components: Object.entries(linked)
      .filter(([name, of]) => of !== "" && !INTERFACES.includes(name))
      .map(([name, of]) => ({ type: "library" as const, name, version: of ?? "" })),
  };
}

/** Versions of Node's own interfaces, which stand among those of libraries. */
const INTERFACES = ["modules", "napi"];

function ofNpm({ name, version, license }: BundledPackage): Component {
  const purl = `pkg:npm/${name.replace("@", "%40")}@${version}`;
  const licenses = license === undefined ? [] : [{ expression: license }];
  return { type: "library", "bom-ref": purl, name, version, purl, licenses };
}

function ofDebian({ name, version, architecture }: DebianPackage, release: Materials["release"]): Component {
  const [path, at] = [encodeURIComponent(name), encodeURIComponent(version)];
  const purl = `pkg:deb/${release.id}/${path}@${at}?arch=${architecture}&distro=${release.id}-${release.version}`;
  return { type: "library", "bom-ref": purl, name, version, purl };
}

function file(path: string, source: string): Omit<Component, "bom-ref"> {
  const content = createHash("sha256").update(readFileSync(source)).digest("hex");
  return { type: "file", name: path, hashes: [{ alg: "SHA-256", content }] };
}

/** As much of CycloneDX's as is used here. */
interface Component {
  readonly type: "application" | "library" | "file";
  readonly "bom-ref": string;
  readonly name: string;
  readonly version?: string;
  readonly cpe?: string;
  readonly purl?: string;
  readonly licenses?: readonly object[];
  readonly hashes?: readonly { readonly alg: "SHA-256"; readonly content: string }[];
  readonly components?: readonly Omit<Component, "bom-ref">[];
}
