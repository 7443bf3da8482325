import { CUSTOM_RESOURCE_DEFINITION, type CustomResourceDefinition } from "../core.js";
import type { KubeObject, ResourceType } from "../object.js";
import type { Schema } from "./schema.js";

/** What one kind's CustomResourceDefinition differs in from the others'. */
export interface Parts {
  readonly type: ResourceType<KubeObject>;
  readonly shortNames?: readonly string[];
  readonly columns: readonly Schema[];
  readonly schema: Schema;
}

/** A kind with one version and a status of its own. */
export function definition({ type, shortNames, columns, schema }: Parts): CustomResourceDefinition {
  const [group = "", version = ""] = type.apiVersion.split("/");
  const { kind, plural, namespaced } = type;
  return {
    apiVersion: CUSTOM_RESOURCE_DEFINITION.apiVersion,
    kind: CUSTOM_RESOURCE_DEFINITION.kind,
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: namespaced ? "Namespaced" : "Cluster",
      names: { kind, listKind: `${kind}List`, plural, singular: kind.toLowerCase(), ...(shortNames && { shortNames }) },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: columns,
          schema: { openAPIV3Schema: schema },
        },
      ],
    },
  };
}

/** A column of what `kubectl get` shows. */
export function column(name: string, type: string, jsonPath: string): Schema {
  return { name, type, jsonPath };
}
