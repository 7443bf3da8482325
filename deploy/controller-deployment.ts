import { CONTROLLER_ACCOUNT } from "../api/controller-role.js";
import type { Container, Deployment, NetworkPolicy, PodDisruptionBudget } from "./kinds.js";
import { podLabels } from "./labels.js";
import { container, fieldOfPod, podSpec, probes } from "./pods.js";
import { CONTROLLER_HEALTH_PORT, type ReconcilerSettings } from "./settings.js";

/** The image's user without rights. */
const NONROOT = 65_532;

/** Controllers, of which one works. Their pods meet the Pod Security level `restricted`. */
export function controllerDeployment(settings: ReconcilerSettings): Deployment {
  const { namespace, controller } = settings;
  const labels = podLabels("controller");
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: CONTROLLER_ACCOUNT.name, namespace, labels },
    spec: {
      replicas: controller.replicas,
      selector: { matchLabels: labels },
      strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      template: {
        metadata: { labels },
        spec: podSpec(settings, CONTROLLER_ACCOUNT.name, {
          nodeSelector: controller.nodeSelector,
          tolerations: controller.tolerations,
          priorityClassName: controller.priorityClassName,
          terminationGracePeriodSeconds: 30,
          // On as many nodes as there are. A cluster of one node has both on it, since a standby takes over from a crash too.
          topologySpreadConstraints: ["kubernetes.io/hostname", "topology.kubernetes.io/zone"].map((topologyKey) => ({
            maxSkew: 1,
            topologyKey,
            whenUnsatisfiable: "ScheduleAnyway",
            labelSelector: { matchLabels: labels },
            // Those of the version before, which are about to go, do not count.
            matchLabelKeys: ["pod-template-hash"],
          })),
          securityContext: {
            runAsNonRoot: true,
            runAsUser: NONROOT,
            runAsGroup: NONROOT,
            seccompProfile: { type: "RuntimeDefault" },
          },
          containers: [controllerContainer(settings)],
        }),
      },
    },
  };
}

function controllerContainer(settings: ReconcilerSettings): Container {
  const { namespace, controller, metrics, resourcePrefix, logLevel } = settings;
  return container(settings, {
    name: "controller",
    args: [
      "controller",
      `--namespace=${namespace}`,
      `--resource-prefix=${resourcePrefix}`,
      `--log-level=${logLevel}`,
      // The kubelet asks from outside the pod, by IPv4 or IPv6. Metrics are served in plain to the pod itself alone.
      `--listen=[::]:${CONTROLLER_HEALTH_PORT}`,
      ...(metrics.enabled ? [`--metrics-listen=[::]:${metrics.controllerPort}`] : []),
    ],
    env: [fieldOfPod("POD_NAME", "metadata.name")],
    ports: [
      { name: "health", containerPort: CONTROLLER_HEALTH_PORT, protocol: "TCP" },
      ...(metrics.enabled ? [{ name: "metrics", containerPort: metrics.controllerPort, protocol: "TCP" }] : []),
    ],
    ...probes(CONTROLLER_HEALTH_PORT),
    resources: controller.resources,
    securityContext: {
      privileged: false,
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    },
  });
}

/** Of several controllers one at a time may be evicted; one alone may be, so that no drain waits for it. */
export function controllerDisruptionBudget({ namespace }: ReconcilerSettings): PodDisruptionBudget {
  const labels = podLabels("controller");
  return {
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    metadata: { name: CONTROLLER_ACCOUNT.name, namespace, labels },
    spec: {
      maxUnavailable: 1,
      selector: { matchLabels: labels },
      // A pod that is not ready does no work that an eviction could disturb.
      unhealthyPodEvictionPolicy: "AlwaysAllow",
    },
  };
}

/**
 * Nobody reaches the controllers' pods but for metrics, of which RBAC decides who reads them. A node always reaches its own
 * pods, hence probes do. What controllers themselves may reach is not limited: no selector can name the API server. Agents
 * are on their nodes' network, where no such policy holds.
 */
export function controllerNetworkPolicy({ namespace, metrics }: ReconcilerSettings): NetworkPolicy {
  const labels = podLabels("controller");
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name: CONTROLLER_ACCOUNT.name, namespace, labels },
    spec: {
      podSelector: { matchLabels: labels },
      policyTypes: ["Ingress"],
      ...(metrics.enabled && { ingress: [{ ports: [{ port: "metrics", protocol: "TCP" }] }] }),
    },
  };
}
