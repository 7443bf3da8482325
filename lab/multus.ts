import type { CustomResourceDefinition } from "../api/core.js";
import { NETWORK_ATTACHMENT_DEFINITION } from "../api/network-attachment-definition.js";

/** The kind NetworkAttachmentDefinition, with the names and the schema that Multus gives it; clusters get it from Multus. */
export function networkAttachmentDefinitionKind(): CustomResourceDefinition {
  const { apiVersion, kind, plural } = NETWORK_ATTACHMENT_DEFINITION;
  const [group = "", version = ""] = apiVersion.split("/");
  const singular = "network-attachment-definition";
  const spec = { type: "object", properties: { config: { type: "string" } } };
  return {
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: "Namespaced",
      names: { kind, listKind: `${kind}List`, plural, singular, shortNames: ["net-attach-def"] },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: "object", properties: { spec } } },
        },
      ],
    },
  };
}
