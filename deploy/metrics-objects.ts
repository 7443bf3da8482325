import { AGENT_ACCOUNT } from "../api/agent-role.js";
import { CONTROLLER_ACCOUNT } from "../api/controller-role.js";
import type { KubeObject } from "../api/object.js";
import {
  CLUSTER_ROLE,
  CLUSTER_ROLE_BINDING,
  type ClusterRole,
  type ClusterRoleBinding,
  type PathRule,
  RBAC_GROUP,
} from "../api/rbac.js";
import type { Service } from "./kinds.js";
import { type Component, podLabels } from "./labels.js";
import type { ReconcilerSettings } from "./settings.js";

export const METRICS_READER = "pulumi-sriov-metrics-reader";

/** What whoever reads metrics must be allowed to do. */
export function metricsReaderClusterRole(): ClusterRole<PathRule> {
  const { apiVersion, kind } = CLUSTER_ROLE;
  return {
    apiVersion,
    kind,
    metadata: { name: METRICS_READER },
    rules: [{ nonResourceURLs: ["/metrics"], verbs: ["get"] }],
  };
}

/** Lets the readers of the settings do so. */
export function metricsReaderClusterRoleBinding({ metrics: { readers } }: ReconcilerSettings): ClusterRoleBinding {
  const { apiVersion, kind } = CLUSTER_ROLE_BINDING;
  return {
    apiVersion,
    kind,
    metadata: { name: METRICS_READER },
    roleRef: { apiGroup: RBAC_GROUP, kind: "ClusterRole", name: METRICS_READER },
    subjects: readers.map(({ namespace, name }) => ({ kind: "ServiceAccount", namespace, name })),
  };
}

/** By which Prometheus finds the pods of one component. */
export function metricsService(component: Component, { namespace, metrics }: ReconcilerSettings): Service {
  const labels = podLabels(component);
  const port = component === "agent" ? metrics.agentPort : metrics.controllerPort;
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: metricsName(component), namespace, labels },
    spec: {
      // Each pod has metrics of its own: nobody asks for those of any one.
      clusterIP: "None",
      // Metrics tell why a pod is not ready.
      publishNotReadyAddresses: true,
      selector: labels,
      ports: [{ name: "metrics", port, targetPort: "metrics", protocol: "TCP" }],
    },
  };
}

/** Has the Prometheus operator collect a component's metrics. */
export function serviceMonitor(component: Component, { namespace }: ReconcilerSettings): ServiceMonitor {
  const labels = podLabels(component);
  return {
    apiVersion: "monitoring.coreos.com/v1",
    kind: "ServiceMonitor",
    metadata: { name: metricsName(component), namespace, labels },
    spec: {
      selector: { matchLabels: labels },
      endpoints: [
        {
          port: "metrics",
          scheme: "https",
          bearerTokenFile: "/var/run/secrets/kubernetes.io/serviceaccount/token",
          // Pods make their certificates themselves, when they start.
          tlsConfig: { insecureSkipVerify: true },
        },
      ],
    },
  };
}

/** What is used of the Prometheus operator's kind. */
interface ServiceMonitor extends KubeObject {
  readonly spec: {
    readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
    readonly endpoints: readonly object[];
  };
}

function metricsName(component: Component): string {
  return `${(component === "agent" ? AGENT_ACCOUNT : CONTROLLER_ACCOUNT).name}-metrics`;
}
