import type { CustomResourceDefinition } from "../api/core.js";
import { KUBE_VIRT } from "../api/kubevirt.js";

/**
 * The kind KubeVirt, with the names, scope and status that KubeVirt gives it, and nothing said of its fields; clusters get it
 * from KubeVirt. A list of which nothing is said is one value, as it says of the list of host devices.
 */
export function kubeVirtKind(): CustomResourceDefinition {
  const { apiVersion, kind, plural } = KUBE_VIRT;
  const [group = "", version = ""] = apiVersion.split("/");
  const schema = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
  return {
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: "Namespaced",
      names: { kind, listKind: `${kind}List`, plural, singular: "kubevirt", shortNames: ["kv", "kvs"] },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          subresources: { status: {} },
          schema: { openAPIV3Schema: schema },
        },
      ],
    },
  };
}
