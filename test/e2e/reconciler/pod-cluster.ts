import type { KubeObject, ResourceType } from "../../../api/object.js";
import { reconcilerObjects } from "../../../deploy/reconciler-objects.js";
import { type PartialSettings, settingsOf } from "../../../deploy/settings.js";
import { isNotFound } from "../../../kube/errors.js";
import type { KubeClient } from "../../../kube/client.js";
import { RECONCILER_REPOSITORY } from "../../../lab/images.js";
import { type Lab, startLab } from "../../../lab/lab.js";
import { NODE_POD, type NodePod } from "../../../lab/nodes/simulated/pods/node-pod.js";
import { beginRun } from "../../../lab/processes/lab-run.js";
import { resourceTypeOf } from "../../integration/deploy/resource-type.js";

/** The reconciler once more, under another name: going from the lab's image to it is an upgrade, and nothing else. */
export const NEXT_IMAGE = `${RECONCILER_REPOSITORY}:next`;

/** An empty control plane of its own, with a scheduler. Nodes that run pods join by `addSimulatedNode(name, { pods: true })`. */
export async function emptyCluster(): Promise<Lab> {
  const run = await beginRun({ label: "test" });
  run.stopOnSignals();
  const images = { [NEXT_IMAGE]: "reconciler" } as const;
  return startLab(run, { contract: false, scheduler: true, multus: true, images });
}

export async function stopCluster(lab: Lab | undefined): Promise<void> {
  lab?.client.close();
  await lab?.run.stop();
}

/** Of an installation's objects those that the cluster has, by kind and name. */
export async function installed(client: KubeClient, settings: PartialSettings = {}): Promise<Installed[]> {
  const found = await Promise.all(
    reconcilerObjects(settingsOf(settings)).map(async ({ object, keeps }): Promise<Installed[]> => {
      const live = await ifThere(client, object);
      const { kind = "", metadata } = object;
      return live === undefined ? [] : [{ id: `${kind} ${metadata.name}`, uid: live.metadata.uid ?? "", keeps, live }];
    }),
  );
  return found.flat();
}

export interface Installed {
  /** Kind and name. */
  readonly id: string;
  readonly uid: string;
  /** It stays when the component goes. */
  readonly keeps: boolean;
  readonly live: KubeObject;
}

async function ifThere(client: KubeClient, object: KubeObject): Promise<KubeObject | undefined> {
  const { name, namespace } = object.metadata;
  const type: ResourceType<KubeObject> = resourceTypeOf(object);
  try {
    return await client.get(type, name, namespace === undefined ? {} : { namespace });
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** The reconciler's pods that are to stay. */
export async function reconcilerPods(client: KubeClient): Promise<ReconcilerPod[]> {
  const { items } = await client.list(NODE_POD, { namespace: settingsOf().namespace });
  return items.filter(({ metadata }) => metadata.deletionTimestamp === undefined).map(inShort);
}

export interface ReconcilerPod {
  readonly component: string;
  readonly node: string;
  readonly account: string;
  readonly image: string;
  readonly phase: string;
}

function inShort({ metadata, spec, status }: NodePod): ReconcilerPod {
  return {
    component: metadata.labels?.["app.kubernetes.io/component"] ?? "",
    node: spec?.nodeName ?? "",
    account: spec?.serviceAccountName ?? "",
    image: spec?.containers?.[0]?.image ?? "",
    phase: status?.phase ?? "",
  };
}
