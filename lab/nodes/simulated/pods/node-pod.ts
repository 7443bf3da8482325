import { POD, type Pod } from "../../../../api/core.js";
import type { Condition, ObjectMeta, ResourceType } from "../../../../api/object.js";

/** What a kubelet reads of a pod. */
export interface NodePod extends Pod {
  readonly metadata: ObjectMeta & { readonly deletionGracePeriodSeconds?: number };
  readonly spec?: PodSpec;
  readonly status?: Pod["status"] & {
    readonly podIP?: string;
    readonly containerStatuses?: readonly ContainerStatus[];
  };
}

export interface ContainerStatus {
  readonly ready: boolean;
  readonly restartCount: number;
  readonly state?: { readonly waiting?: { readonly reason: string; readonly message?: string } };
  readonly lastState?: { readonly terminated?: { readonly exitCode: number; readonly message?: string } };
}

export const NODE_POD: ResourceType<NodePod> = POD as ResourceType<NodePod>;

export interface PodSpec {
  readonly nodeName?: string;
  readonly hostNetwork?: boolean;
  readonly restartPolicy?: "Always" | "OnFailure" | "Never";
  readonly serviceAccountName?: string;
  readonly automountServiceAccountToken?: boolean;
  readonly initContainers?: readonly ContainerSpec[];
  readonly containers?: readonly ContainerSpec[];
  readonly volumes?: readonly Volume[];
  readonly terminationGracePeriodSeconds?: number;
}

export interface ContainerSpec {
  readonly name: string;
  readonly image?: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: readonly EnvironmentVariable[];
  readonly ports?: readonly { readonly name?: string; readonly containerPort: number }[];
  readonly resources?: { readonly limits?: Readonly<Record<string, string>> };
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string; readonly subPath?: string }[];
  readonly startupProbe?: Probe;
  readonly livenessProbe?: Probe;
  readonly readinessProbe?: Probe;
}

export interface EnvironmentVariable {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: { readonly fieldRef?: { readonly fieldPath: string } };
}

export interface Probe {
  readonly httpGet?: {
    readonly host?: string;
    readonly port: number | string;
    readonly path?: string;
    readonly scheme?: "HTTP" | "HTTPS";
  };
  readonly initialDelaySeconds?: number;
  readonly periodSeconds?: number;
  readonly timeoutSeconds?: number;
  readonly successThreshold?: number;
  readonly failureThreshold?: number;
}

export interface Volume {
  readonly name: string;
  readonly hostPath?: { readonly path: string };
  readonly projected?: {
    readonly sources?: readonly {
      readonly serviceAccountToken?: { readonly audience?: string; readonly expirationSeconds?: number };
    }[];
  };
}

/** `namespace/name`. */
export function keyOf({ metadata }: Pod): string {
  return `${metadata.namespace ?? ""}/${metadata.name}`;
}

/** What device plugins may offer has a prefix; Kubernetes' own resources have none. */
export function devicesAsked(pod: NodePod): ReadonlyMap<string, number> {
  const asked = new Map<string, number>();
  for (const { resources } of pod.spec?.containers ?? []) {
    for (const [resource, count] of Object.entries(resources?.limits ?? {})) {
      if (resource.includes("/")) asked.set(resource, (asked.get(resource) ?? 0) + Number(count));
    }
  }
  return asked;
}

/** Without when it last changed, which whoever writes it knows. */
export type PodCondition = Omit<Condition, "reason" | "message" | "lastTransitionTime"> &
  Partial<Pick<Condition, "reason" | "message" | "lastTransitionTime">>;
