import { type PartialSettings, type ReconcilerSettings, settingsOf } from "../deploy/settings.js";

/** Every setting with another value than its default; whoever adds a setting must say one. */
export const EVERYTHING: ReconcilerSettings = {
  namespace: "sriov-system",
  image:
    "registry.example.com:5000/net/reconciler@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
  imagePullPolicy: "Always",
  imagePullSecrets: ["registry", "mirror"],
  resourcePrefix: "example.com",
  logLevel: "debug",
  apiServer: { host: "fd00::1", port: 6443 },
  agent: {
    nodeSelector: { "example.com/sriov": "yes", "kubernetes.io/arch": "amd64" },
    tolerations: [
      { key: "example.com/network", operator: "Equal", value: "only", effect: "NoSchedule" },
      { operator: "Exists", effect: "NoExecute", tolerationSeconds: 60 },
    ],
    resources: { requests: { cpu: "20m", memory: "120Mi" }, limits: { cpu: "1", memory: "400Mi" } },
    priorityClassName: "system-cluster-critical",
    maxUnavailable: 3,
    scanInterval: 12.5,
    managementInterfaces: ["br-mgmt"],
    pciDevices: "all",
    givenVfs: ["8086:1889", "15b3:1018"],
    writeDeadline: 60.5,
    settleDeadline: 20,
    healthPort: 19812,
    kubeletDirectory: "/data/kubelet",
    devicePlugin: false,
    moduleLoading: false,
  },
  controller: {
    replicas: 3,
    nodeSelector: { "node-role.kubernetes.io/control-plane": "" },
    tolerations: [{ key: "example.com/infra", operator: "Exists", effect: "PreferNoSchedule" }],
    resources: { limits: { memory: "1Gi" } },
    priorityClassName: "system-node-critical",
  },
  metrics: {
    enabled: false,
    agentPort: 19810,
    controllerPort: 19811,
    serviceMonitor: true,
    readers: [
      { namespace: "monitoring", name: "prometheus" },
      { namespace: "tenant", name: "collector" },
    ],
  },
  networkPolicy: false,
  guards: false,
};

/** What an installation may be, by name. */
export const SAMPLES: Readonly<Record<string, PartialSettings>> = {
  defaults: {},
  "everything on": { ...EVERYTHING, ...switched(true) },
  "everything off": switched(false),
  "another namespace": { namespace: "network-hardware" },
};

function switched(on: boolean): PartialSettings {
  const { agent, metrics } = on ? EVERYTHING : settingsOf();
  return {
    guards: on,
    networkPolicy: on,
    agent: { ...agent, devicePlugin: on, moduleLoading: on },
    metrics: { ...metrics, enabled: on, serviceMonitor: on },
  };
}
