import { CUSTOM_RESOURCE_DEFINITION } from "../../../api/core.js";
import type { KubeObject, ResourceType } from "../../../api/object.js";
import type { KubeClient } from "../../../kube/client.js";
import { Informer } from "../../../kube/informer.js";
import { waitFor } from "../../../kube/wait.js";

const me = { fieldManager: "test", force: true };

/** Installs a kind of any shape, as whoever ships it would; resolves when the API server serves it. */
export async function install(client: KubeClient, type: ResourceType<KubeObject>): Promise<void> {
  const [group = "", version = ""] = type.apiVersion.split("/");
  const name = `${type.plural}.${group}`;
  const schema = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
  const definition = {
    metadata: { name },
    spec: {
      group,
      scope: type.namespaced ? "Namespaced" : "Cluster",
      names: { plural: type.plural, singular: type.kind.toLowerCase(), kind: type.kind },
      versions: [{ name: version, served: true, storage: true, schema: { openAPIV3Schema: schema } }],
    },
  };
  await client.apply(CUSTOM_RESOURCE_DEFINITION, definition, me);
  // The condition Established comes before the first answer that is no 404.
  const probe = new Informer(client, type).start();
  await probe.synced;
  await probe.stop();
}

/** Removes the kind, and with it all objects of it; resolves when both are gone. */
export async function uninstall(client: KubeClient, type: ResourceType<KubeObject>): Promise<void> {
  const name = `${type.plural}.${type.apiVersion.split("/")[0] ?? ""}`;
  const definitions = new Informer(client, CUSTOM_RESOURCE_DEFINITION, { fields: { "metadata.name": name } }).start();
  await definitions.synced;
  if (definitions.get(name) !== undefined) await client.delete(CUSTOM_RESOURCE_DEFINITION, name);
  await waitFor(
    definitions,
    () =>
      definitions.get(name) === undefined
        ? { state: "satisfied", result: undefined }
        : { state: "pending", what: `${name} is still there` },
    { deadline: Date.now() + 45_000 },
  );
  await definitions.stop();
}
