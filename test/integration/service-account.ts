import type { KubeObject, ResourceType } from "../../api/object.js";
import type { KubeClient } from "../../kube/client.js";

const SERVICE_ACCOUNT: ResourceType<KubeObject> = {
  apiVersion: "v1",
  kind: "ServiceAccount",
  plural: "serviceaccounts",
  namespaced: true,
};

/** The account that pods of a namespace ask for, without which none is made: its controller may be later than a test. */
export async function makeDefaultAccount(client: KubeClient, namespace = "default"): Promise<void> {
  const object = { metadata: { name: "default", namespace } };
  await client.apply(SERVICE_ACCOUNT, object, { fieldManager: "test", force: true });
}
