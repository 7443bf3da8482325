import type { Pod } from "../../../../api/core.js";
import type { KubeClient } from "../../../../kube/client.js";
import { isNotFound } from "../../../../kube/errors.js";

/** The API server keeps a pod that a node has until its kubelet lets it go. */
export async function letGo(client: KubeClient, { metadata: { name, namespace = "", uid } }: Pod): Promise<void> {
  const body = { apiVersion: "v1", kind: "DeleteOptions", gracePeriodSeconds: 0, preconditions: { uid } };
  try {
    await client.raw({ method: "DELETE", path: `/api/v1/namespaces/${namespace}/pods/${name}`, body });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
