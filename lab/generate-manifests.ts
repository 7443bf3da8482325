import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { NAMESPACE } from "../api/core.js";
import type { KubeObject } from "../api/object.js";
import { reconcilerObjects } from "../deploy/reconciler-objects.js";
import { settingsOf } from "../deploy/settings.js";

/** The YAML that ships in deploy/manifests, by file name: an installation with the settings' defaults. */
export function manifests(): Readonly<Record<string, string>> {
  const objects = reconcilerObjects(settingsOf()).map(({ object }) => object);
  const files = [...Map.groupBy(objects, fileOf)].map(([file, parts]) => [file, render(parts)] as const);
  const kustomization = {
    apiVersion: "kustomize.config.k8s.io/v1beta1",
    kind: "Kustomization",
    resources: files.map(([file]) => file).sort(),
  };
  return Object.fromEntries([...files, ["kustomization.yaml", render([kustomization])]]);
}

/** What has the same name belongs together: a role and its binding, a policy and its binding. */
function fileOf({ kind, metadata }: KubeObject): string {
  // kubectl takes files in the order of their names, and this one comes before what goes into the namespace.
  return kind === NAMESPACE.kind ? "namespace.yaml" : `${metadata.name}.yaml`;
}

/** Names of files that are not as the TypeScript says; none when all are current. */
export function staleManifests(directory: string): string[] {
  return Object.entries(manifests())
    .filter(([name, text]) => read(join(directory, name)) !== text)
    .map(([name]) => name);
}

function render(objects: readonly object[]): string {
  const documents = objects.map((object) => stringify(object, { lineWidth: 120, aliasDuplicateObjects: false }));
  return `# Generated from deploy/ and api/ by "npm run generate"; do not edit.\n${documents.join("---\n")}`;
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

if (require.main === module) {
  const directory = join(__dirname, "..", "..", "deploy", "manifests");
  mkdirSync(directory, { recursive: true });
  for (const [name, text] of Object.entries(manifests())) writeFileSync(join(directory, name), text);
}
