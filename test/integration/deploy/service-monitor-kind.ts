import type { CustomResourceDefinition } from "../../../api/core.js";

/** The Prometheus operator's kind, as far as this project has it: every field that its objects here may have, and no other. */
export function serviceMonitorKind(): CustomResourceDefinition {
  const text = { type: "string" };
  const endpoint = {
    port: text,
    scheme: { ...text, enum: ["http", "https"] },
    bearerTokenFile: text,
    tlsConfig: object({ insecureSkipVerify: { type: "boolean" } }),
  };
  const spec = object({
    selector: object({ matchLabels: { type: "object", additionalProperties: text } }),
    endpoints: { type: "array", items: object(endpoint) },
  });
  return {
    metadata: { name: "servicemonitors.monitoring.coreos.com" },
    spec: {
      group: "monitoring.coreos.com",
      names: { kind: "ServiceMonitor", plural: "servicemonitors", singular: "servicemonitor" },
      scope: "Namespaced",
      versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: object({ spec }) } }],
    },
  };
}

function object(properties: Readonly<Record<string, unknown>>): object {
  return { type: "object", properties, required: Object.keys(properties) };
}
