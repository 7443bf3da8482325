import type { KubeObject, ResourceType } from "../../../api/object.js";
import type { KubeClient } from "../../../kube/client.js";
import { Informer } from "../../../kube/informer.js";
import { waitFor } from "../../../kube/wait.js";

/** Resolves with the object of that name, in whatever namespace, once it is so; it may be none. */
export async function untilObject<T extends KubeObject>(
  client: KubeClient,
  type: ResourceType<T>,
  name: string,
  isSo: (object: T | undefined) => boolean,
): Promise<T | undefined> {
  const informer = new Informer(client, type).start();
  const find = (): T | undefined => informer.list().find(({ metadata }) => metadata.name === name);
  try {
    await informer.synced;
    return await waitFor<T, T | undefined>(
      informer,
      () => {
        const found = find();
        if (isSo(found)) return { state: "satisfied", result: found };
        return { state: "pending", what: JSON.stringify(found ?? `no ${type.kind} ${name}`) };
      },
      { deadline: Date.now() + 30_000 },
    );
  } finally {
    await informer.stop();
  }
}
