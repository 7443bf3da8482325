import { AGENT_ACCOUNT } from "../../../api/agent-role.js";
import { CONTROLLER_ACCOUNT } from "../../../api/controller-role.js";
import { POD, type Pod } from "../../../api/core.js";
import { RECONCILER_NAMESPACE } from "../../../api/names.js";
import type { ResourceType } from "../../../api/object.js";
import { Informer } from "../../../kube/informer.js";
import { waitFor } from "../../../kube/wait.js";
import type { Lab } from "../../lab.js";
import { table } from "../../table.js";

interface ReconcilerPod extends Omit<Pod, "spec"> {
  readonly spec: {
    readonly nodeName?: string;
    readonly serviceAccountName?: string;
    readonly containers: readonly { readonly image: string }[];
  };
}

const RECONCILER_POD = POD as ResourceType<ReconcilerPod>;

/** How long pods may take to start or end on an emulated machine whose host is busy. */
const PATIENCE_MS = 300_000;

/** Prints the reconciler's pods once all of them are ready, and are of the image: an agent a node, and two controllers. */
export async function showPods(lab: Lab, nodes: number, image: string): Promise<void> {
  const pods = await awaitPods(lab, (pods) =>
    pods.length === nodes + 2 && pods.every((pod) => isReady(pod) && imageOf(pod) === image)
      ? undefined
      : `pods of ${image}: ${pods.map((pod) => `${pod.metadata.name} ${wordsFor(pod)}`).join(", ") || "none"}`,
  );
  const rows = pods.map((pod) => ({
    pod: pod.metadata.name,
    node: pod.spec.nodeName ?? "",
    "service account": pod.spec.serviceAccountName ?? "",
    image: imageOf(pod),
    state: wordsFor(pod),
  }));
  console.log(`\n${table(rows)}`);
}

/** Resolves when the reconciler has no pod any more. */
export async function podsAreGone(lab: Lab): Promise<void> {
  await awaitPods(lab, (pods) => (pods.length === 0 ? undefined : `${pods.length} pods are still there`));
}

/** Throws where one of the reconciler's service accounts may do everything. */
export async function showRights(lab: Lab): Promise<void> {
  for (const { name } of [AGENT_ACCOUNT, CONTROLLER_ACCOUNT]) {
    const user = `system:serviceaccount:${RECONCILER_NAMESPACE}:${name}`;
    const review = (await lab.client.raw({
      method: "POST",
      path: "/apis/authorization.k8s.io/v1/subjectaccessreviews",
      body: {
        apiVersion: "authorization.k8s.io/v1",
        kind: "SubjectAccessReview",
        spec: { user, resourceAttributes: { verb: "*", group: "*", resource: "*" } },
      },
    })) as { readonly status?: { readonly allowed: boolean } };
    const allowed = review.status?.allowed ?? true;
    console.log(`$ kubectl auth can-i '*' '*' --as ${user}   # ${allowed ? "yes" : "no"}`);
    if (allowed) throw new Error(`${user} may do everything`);
  }
}

async function awaitPods(
  lab: Lab,
  missing: (pods: readonly ReconcilerPod[]) => string | undefined,
): Promise<readonly ReconcilerPod[]> {
  const informer = new Informer(lab.client, RECONCILER_POD, { namespace: RECONCILER_NAMESPACE }).start();
  try {
    await informer.synced;
    return await waitFor(
      informer,
      () => {
        const pods = informer.list();
        const what = missing(pods);
        return what === undefined ? { state: "satisfied", result: pods } : { state: "pending", what };
      },
      { deadline: Date.now() + PATIENCE_MS },
    );
  } finally {
    await informer.stop();
  }
}

function imageOf({ spec }: ReconcilerPod): string {
  return spec.containers[0]?.image ?? "";
}

function isReady({ metadata, status }: ReconcilerPod): boolean {
  if (metadata.deletionTimestamp !== undefined) return false;
  return (status?.conditions ?? []).some((condition) => condition.type === "Ready" && condition.status === "True");
}

function wordsFor(pod: ReconcilerPod): string {
  return isReady(pod) ? "Ready" : (pod.status?.phase ?? "unknown");
}
