import { NODE } from "../../../api/core.js";
import type { KubeClient } from "../../../kube/client.js";
import type { KubeletStandIn } from "../../kubelet-stand-in/kubelet.js";

/** Returns what writes the kubelet's resources into the Node's status, the newest ones last, and goes on trying. */
export function reportAllocatable(
  client: KubeClient,
  kubelet: KubeletStandIn,
  nodeName: string,
  tell: (what: unknown) => void,
): () => void {
  const known = new Set<string>();
  let written = "{}";
  let writing: Promise<void> | undefined;

  const write = async (): Promise<void> => {
    for (;;) {
      const counts = kubelet.allocatable();
      for (const resource of Object.keys(counts)) known.add(resource);
      // A resource that nobody offers any more is told as 0, as a kubelet does.
      const resources = Object.fromEntries([...known].map((name) => [name, String(counts[name] ?? 0)]));
      const text = JSON.stringify(resources);
      if (text === written) return;
      const status = { capacity: resources, allocatable: resources };
      await client.merge(NODE, nodeName, { status }, { fieldManager: "kubelet", subresource: "status" });
      written = text;
      tell(`allocatable: ${text}`);
    }
  };
  const begin = (): void => {
    writing ??= write()
      .catch((error: unknown) => {
        tell(error);
        setTimeout(begin, 1_000);
      })
      .finally(() => (writing = undefined));
  };
  return begin;
}
