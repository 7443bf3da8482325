import { EngineError } from "./engine-error.js";
import type { KubernetesClient } from "./kubernetes-client.js";
import { annotation, idOf, type ApiObject, type Condition } from "./kubernetes-object.js";

/** How far an object has got towards what it was made for. */
export interface Readiness {
  ready: boolean;
  /** What is being waited for, for the resource's row. */
  message?: string;
  /** What stands in the way, for the error when the wait ends. */
  problems: string[];
}

export type ReadinessCheck = (live: ApiObject) => Promise<Readiness>;

/**
 * What is waited for after an object was written, as Pulumi's Kubernetes provider has it; undefined for nothing. Its other waits,
 * for pods, claims of volumes, endpoints of Services, are not for the lab.
 */
export function readinessOf(object: ApiObject, client: KubernetesClient): ReadinessCheck | undefined {
  if (annotation(object, "skipAwait") === "true") return undefined;
  const waitFor = annotation(object, "waitFor");
  if (waitFor !== undefined) return conditionsOf(waitFor);
  if (object.apiVersion !== "apps/v1") return undefined;
  if (object.kind === "DaemonSet") return (live) => Promise.resolve(daemonSetReadiness(live));
  if (object.kind === "Deployment") return (live) => deploymentReadiness(live, client);
  return undefined;
}

/** `condition=Established`, `condition=Ready=False`, or a JSON list of such. */
function conditionsOf(text: string): ReadinessCheck {
  const wanted = (text.startsWith("[") ? (JSON.parse(text) as string[]) : [text]).map((expression) => {
    const [prefix, type = "", status = "True"] = expression.split("=");
    if (prefix === "condition") return { type, status };
    throw new EngineError(`the stand-in engine does not know pulumi.com/waitFor: ${expression}`);
  });
  return (live) => {
    const missing = wanted.flatMap(({ type, status }) => {
      const { status: found, observedGeneration = 0 } = conditionOf(live, type) ?? { status: "" };
      const stale = observedGeneration > 0 && observedGeneration < generationOf(live);
      return found === status && !stale ? [] : [`Resource has condition ${type}=${found} (want ${status})`];
    });
    return Promise.resolve({ ready: missing.length === 0, problems: [], ...(missing[0] && { message: missing[0] }) });
  };
}

/** By the rules of kstatus, in its words. */
function daemonSetReadiness(live: ApiObject): Readiness {
  const pending = (message: string): Readiness => ({ ready: false, message, problems: [] });
  const { observedGeneration } = live.status ?? {};
  if (observedGeneration === undefined) return pending("DaemonSet status.observedGeneration not found");
  const generation = generationOf(live);
  if (observedGeneration !== generation) {
    return pending(
      `DaemonSet generation is ${generation}, but latest observed generation is ${count(observedGeneration)}`,
    );
  }
  const wanted = count(live.status?.["desiredNumberScheduled"]);
  for (const [word, field] of DAEMON_SET_COUNTS) {
    const there = count(live.status?.[field]);
    if (there < wanted) return pending(`${word}: ${there}/${wanted}`);
  }
  return { ready: true, message: `All replicas scheduled as expected. Replicas: ${wanted}`, problems: [] };
}

const DAEMON_SET_COUNTS = [
  ["Current", "currentNumberScheduled"],
  ["Updated", "updatedNumberScheduled"],
  ["Available", "numberAvailable"],
  ["Ready", "numberReady"],
] as const;

async function deploymentReadiness(live: ApiObject, client: KubernetesClient): Promise<Readiness> {
  const [progressing, available] = [conditionOf(live, "Progressing"), conditionOf(live, "Available")];
  const replicaSet = await currentReplicaSet(live, client);
  const [wanted, there] = [count(replicaSet?.spec?.["replicas"] ?? 1), count(replicaSet?.status?.["readyReplicas"])];
  const first = revisionOf(live) === "1";
  const rolledOut = replicaSet !== undefined && there >= wanted;
  const announced = first || (progressing?.status === "True" && progressing.reason === "NewReplicaSetAvailable");
  const observed = live.status?.["observedGeneration"] === generationOf(live);
  if (observed && available?.status === "True" && announced && rolledOut) {
    return { ready: true, message: "Deployment initialization complete", problems: [] };
  }
  const message = `Waiting for app ReplicaSet to be available (${there}/${wanted} Pods available)`;
  const failing = [progressing, available].flatMap((condition) => wordsOf(condition));
  const missing =
    available?.status === "True"
      ? "Minimum number of Pods to consider the application live was not attained"
      : "Minimum number of live Pods was not attained";
  const pods = replicaSet ? await podProblems(replicaSet, client) : [];
  return { ready: false, message, problems: [...failing, missing, ...pods] };
}

function wordsOf(condition: Condition | undefined): string[] {
  if (condition === undefined || condition.status === "True") return [];
  return [`[${condition.reason ?? ""}] ${condition.message ?? ""}`];
}

async function currentReplicaSet(deployment: ApiObject, client: KubernetesClient): Promise<ApiObject | undefined> {
  const all = await client.list("apps/v1", "ReplicaSet", deployment.metadata.namespace);
  const revision = revisionOf(deployment);
  return all.find((it) => isOwnedBy(it, deployment) && revision !== undefined && revisionOf(it) === revision);
}

/** Why pods of this owner are not ready, as far as their status says. */
async function podProblems(owner: ApiObject, client: KubernetesClient): Promise<string[]> {
  const pods = await client.list("v1", "Pod", owner.metadata.namespace);
  return pods
    .filter((pod) => isOwnedBy(pod, owner))
    .flatMap((pod) => {
      const ready = conditionOf(pod, "Ready");
      if (ready === undefined || ready.status === "True") return [];
      const containers = (pod.status?.["containerStatuses"] ?? []) as unknown as ContainerStatus[];
      const why = [ready.message ?? "", ...containers.flatMap(containerProblem)].join("");
      return why === "" ? [] : [`[Pod ${idOf(pod)}]: ${why}`];
    });
}

interface ContainerStatus {
  ready?: boolean;
  state?: { waiting?: { reason?: string; message?: string } };
}

function containerProblem({ ready, state }: ContainerStatus): string[] {
  const waiting = state?.waiting;
  if (ready === true || waiting === undefined || waiting.reason === "ContainerCreating") return [];
  return [`[${waiting.reason ?? ""}] ${waiting.message ?? ""}`];
}

function isOwnedBy({ metadata }: ApiObject, owner: ApiObject): boolean {
  return metadata.ownerReferences?.some(({ uid }) => uid === owner.metadata.uid) ?? false;
}

function conditionOf({ status }: ApiObject, type: string): Condition | undefined {
  return status?.conditions?.find((condition) => condition.type === type);
}

function revisionOf({ metadata }: ApiObject): string | undefined {
  return metadata.annotations?.["deployment.kubernetes.io/revision"];
}

function generationOf({ metadata }: ApiObject): number {
  return metadata.generation ?? 0;
}

function count(value: unknown): number {
  return typeof value === "number" ? value : 0;
}
