import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { admissionPolicies, admissionPolicyBindings } from "../api/admission-policies.js";
import { agentClusterRole, agentClusterRoleBinding } from "../api/agent-role.js";
import {
  controllerClusterRole,
  controllerClusterRoleBinding,
  controllerRole,
  controllerRoleBinding,
} from "../api/controller-role.js";
import { NAMESPACE } from "../api/core.js";
import { customResourceDefinitions } from "../api/custom-resource-definitions.js";
import { RECONCILER_NAMESPACE } from "../api/names.js";
import type { KubeObject } from "../api/object.js";

/** The YAML that ships in api/manifests, by file name, as the TypeScript of api/ says it. */
export function manifests(): Readonly<Record<string, string>> {
  const objects: readonly KubeObject[] = [
    { apiVersion: NAMESPACE.apiVersion, kind: NAMESPACE.kind, metadata: { name: RECONCILER_NAMESPACE } },
    ...customResourceDefinitions(),
    agentClusterRole(),
    agentClusterRoleBinding(),
    controllerClusterRole(),
    controllerClusterRoleBinding(),
    controllerRole(),
    controllerRoleBinding(),
    ...admissionPolicies(),
    ...admissionPolicyBindings(),
  ];
  return Object.fromEntries([...Map.groupBy(objects, fileOf)].map(([file, parts]) => [file, render(parts)]));
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

function render(objects: readonly KubeObject[]): string {
  const documents = objects.map((object) => stringify(object, { lineWidth: 120, aliasDuplicateObjects: false }));
  return `# Generated from api/ by "npm run generate"; do not edit.\n${documents.join("---\n")}`;
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

if (require.main === module) {
  const directory = join(__dirname, "..", "..", "api", "manifests");
  mkdirSync(directory, { recursive: true });
  for (const [name, text] of Object.entries(manifests())) writeFileSync(join(directory, name), text);
}
