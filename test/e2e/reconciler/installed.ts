import { POD, type Pod } from "../../../api/core.js";
import { AGENT_POD_LABELS } from "../../../api/names.js";
import type { ServiceAccountName } from "../../../api/rbac.js";
import type { ReconcilerSettings } from "../../../deploy/settings.js";
import { type ReconcilerObject, reconcilerObjects } from "../../../deploy/reconciler-objects.js";
import { Informer } from "../../../kube/informer.js";
import { waitFor } from "../../../kube/wait.js";
import { installKinds, untilHeld } from "../../../lab/install-contract.js";
import type { Lab } from "../../../lab/lab.js";
import { resourceTypeOf } from "../../integration/deploy/resource-type.js";
import { getByHttps } from "../../unit/service/get-by-https.js";

const DEADLINE_MS = 60_000;

/** Installs all but the pods, as `kubectl apply` would; resolves when the API server holds the guards. */
export async function installAround(lab: Lab, settings: ReconcilerSettings): Promise<void> {
  for (const each of reconcilerObjects(settings)) if (!isOfPods(each)) await apply(lab, each);
  await installKinds(lab.client);
  await untilHeld(lab.client);
}

/** Resolves with the pods when all of them are ready. */
export async function installPods(lab: Lab, settings: ReconcilerSettings): Promise<RunningPod[]> {
  for (const each of reconcilerObjects(settings)) if (isOfPods(each)) await apply(lab, each);
  const pods = new Informer<RunningPod>(lab.client, POD, { namespace: settings.namespace }).start();
  const wanted = settings.controller.replicas + 1;
  try {
    await pods.synced;
    return await waitFor(
      pods,
      () => {
        const ready = pods.list().filter(isReady);
        return ready.length === wanted
          ? { state: "satisfied", result: ready }
          : { state: "pending", what: `${ready.length} of ${wanted} pods are ready` };
      },
      { deadline: Date.now() + DEADLINE_MS },
    );
  } finally {
    await pods.stop();
  }
}

/** As Prometheus reads them: by the address that the pod has in the cluster. @throws {Error} They were not given. */
export async function readMetrics(
  { controlPlane }: Lab,
  { metadata, status }: RunningPod,
  { metrics }: ReconcilerSettings,
  reader: ServiceAccountName,
): Promise<void> {
  const { users } = JSON.parse(await controlPlane.serviceAccountKubeconfig(reader)) as Kubeconfig;
  const isAgent = metadata.labels?.[COMPONENT_LABEL] === AGENT_POD_LABELS[COMPONENT_LABEL];
  const port = isAgent ? metrics.agentPort : metrics.controllerPort;
  const answer = await getByHttps(port, "/metrics", users[0]?.user.token, "GET", status?.podIP);
  if (answer.status !== 200) throw new Error(`${metadata.name} answered ${answer.status}: ${answer.body}`);
}

const COMPONENT_LABEL = "app.kubernetes.io/component";

/** What is read of one. */
interface Kubeconfig {
  readonly users: readonly { readonly user: { readonly token: string } }[];
}

export interface RunningPod extends Pod {
  readonly status?: Pod["status"] & {
    readonly podIP?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

function isReady({ status }: RunningPod): boolean {
  return (status?.conditions ?? []).some(({ type, status: is }) => type === "Ready" && is === "True");
}

function isOfPods({ object: { kind = "" } }: ReconcilerObject): boolean {
  return ["DaemonSet", "Deployment"].includes(kind);
}

async function apply({ client }: Lab, { object }: ReconcilerObject): Promise<void> {
  await client.apply(resourceTypeOf(object), object, { fieldManager: "kubectl", force: true });
}
