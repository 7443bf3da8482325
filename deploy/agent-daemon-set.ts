import { AGENT_ACCOUNT } from "../api/agent-role.js";
import { hostMounts, PROC_ROOT, SYS_ROOT } from "./agent-mounts.js";
import type { Container, DaemonSet, SecurityContext, VolumeMount } from "./kinds.js";
import { podLabels } from "./labels.js";
import { container, fieldOfPod, podSpec, probes } from "./pods.js";
import type { ReconcilerSettings } from "./settings.js";

/** Seconds that an agent has for its end beyond what a change in the kernel may take. */
const LAST_WORDS_S = 10;
const LOOPBACK = "127.0.0.1";

/** An agent on each node that is selected. */
export function agentDaemonSet(settings: ReconcilerSettings): DaemonSet {
  const { namespace, agent } = settings;
  const labels = podLabels("agent");
  const mounts = hostMounts(agent);
  return {
    apiVersion: "apps/v1",
    kind: "DaemonSet",
    metadata: { name: AGENT_ACCOUNT.name, namespace, labels },
    spec: {
      selector: { matchLabels: labels },
      // No surge: two agents of one node would be in each other's way, at the hardware and at the port.
      updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 0, maxUnavailable: agent.maxUnavailable } },
      template: {
        metadata: { labels },
        spec: podSpec(settings, AGENT_ACCOUNT.name, {
          // To see addresses and routes of the node's interfaces, and to set a NIC's own interface up.
          hostNetwork: true,
          nodeSelector: agent.nodeSelector,
          tolerations: agent.tolerations,
          priorityClassName: agent.priorityClassName,
          // A change that is under way ends in the kernel first.
          terminationGracePeriodSeconds: Math.ceil(agent.writeDeadline + agent.settleDeadline) + LAST_WORDS_S,
          securityContext: { seccompProfile: { type: "RuntimeDefault" } },
          containers: [
            agentContainer(
              settings,
              mounts.map(({ mount }) => mount),
            ),
          ],
          volumes: mounts.map(({ volume }) => volume),
        }),
      },
    },
  };
}

function agentContainer(settings: ReconcilerSettings, volumeMounts: readonly VolumeMount[]): Container {
  const { agent, metrics } = settings;
  return container(settings, {
    name: "agent",
    args: agentArgs(settings),
    env: [fieldOfPod("NODE_NAME", "spec.nodeName")],
    ...(metrics.enabled && {
      // On the node's network a port of the pod is one of the node, by which the scheduler knows that it is taken.
      ports: [{ name: "metrics", containerPort: metrics.agentPort, hostPort: metrics.agentPort, protocol: "TCP" }],
    }),
    ...probes(agent.healthPort, LOOPBACK),
    resources: agent.resources,
    securityContext: agentSecurityContext(agent.moduleLoading),
    volumeMounts,
  });
}

/** docs/installation.md tells item by item what each is for, and what fails without. */
function agentSecurityContext(moduleLoading: boolean): SecurityContext {
  return {
    privileged: false,
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    // Files of sysfs, and the kubelet's folders, are root's.
    runAsUser: 0,
    runAsGroup: 0,
    capabilities: {
      drop: ["ALL"],
      // NET_ADMIN: MTUs, and interfaces up. SYS_MODULE: vfio-pci where the node has not loaded it.
      add: ["NET_ADMIN", ...(moduleLoading ? ["SYS_MODULE"] : [])],
    },
    // With SELinux a container's usual type may neither write to sysfs nor use the kubelet's sockets. Ignored without.
    seLinuxOptions: { type: "spc_t" },
  };
}

function agentArgs({ agent, metrics, resourcePrefix, logLevel }: ReconcilerSettings): string[] {
  const { kubeletDirectory: kubelet } = agent;
  return [
    "agent",
    `--sys-root=${SYS_ROOT}`,
    `--proc-root=${PROC_ROOT}`,
    `--scan-interval=${agent.scanInterval}`,
    `--management-interfaces=${agent.managementInterfaces.join(",")}`,
    `--pci-devices=${agent.pciDevices}`,
    ...(agent.givenVfs.length > 0 ? [`--given-vfs=${agent.givenVfs.join(",")}`] : []),
    `--write-deadline=${agent.writeDeadline}`,
    `--settle-deadline=${agent.settleDeadline}`,
    `--pod-resources=${kubelet}/pod-resources/kubelet.sock`,
    `--device-plugins=${agent.devicePlugin ? `${kubelet}/device-plugins` : "off"}`,
    `--resource-prefix=${resourcePrefix}`,
    `--log-level=${logLevel}`,
    `--listen=${LOOPBACK}:${agent.healthPort}`,
    ...(metrics.enabled ? [`--metrics-listen=[::]:${metrics.agentPort}`] : []),
  ];
}
