import { RECONCILER_NAMESPACE, RESOURCE_PREFIX } from "../api/names.js";
import { VERSION } from "../api/version.js";

/** Everything that may differ from one installation of the reconciler to the next; {@link settingsOf} has the defaults. */
export interface ReconcilerSettings {
  /** Where the reconciler runs, and where policies and networks count. Default `pulumi-sriov`. */
  readonly namespace: string;
  /** The reconciler's image, with tag or digest. Default `pulumi-sriov/reconciler:<this package's version>`. */
  readonly image: string;
  /** Default `IfNotPresent`. */
  readonly imagePullPolicy: "Always" | "IfNotPresent" | "Never";
  /** Names of Secrets in the namespace with credentials for the image's registry. Default none. */
  readonly imagePullSecrets: readonly string[];
  /** What stands before the names of policies' pools, for agents and controller alike. Default `openshift.io`. */
  readonly resourcePrefix: string;
  /** Default `info`. */
  readonly logLevel: LogLevel;
  /** Where pods reach the API server; default: as Kubernetes tells them, by the Service `kubernetes`. */
  readonly apiServer: ApiServerAddress | undefined;
  readonly agent: AgentDeployment;
  readonly controller: ControllerDeployment;
  readonly metrics: MetricsSettings;
  /** Keep other pods away from the controller's, but for the port of metrics, where RBAC decides. Default true. */
  readonly networkPolicy: boolean;
  /** Admission policies that hold who may write what, and keep VFs that are in use. Default true. */
  readonly guards: boolean;
}

export type LogLevel = "trace" | "debug" | "info" | "warn" | "error";

/** The API server's address where a cluster has no Service network, or its nodes are to go around it. */
export interface ApiServerAddress {
  /** A name or IP address that the API server's certificate is for. */
  readonly host: string;
  readonly port: number;
}

/** How agents run, one a node. */
export interface AgentDeployment {
  /** Nodes that get an agent: those with all of these labels. Default `kubernetes.io/os: linux`. */
  readonly nodeSelector: Readonly<Record<string, string>>;
  /** Default: every taint is tolerated, since NICs of a tainted node are to be looked after too. */
  readonly tolerations: readonly Toleration[];
  readonly resources: ContainerResources;
  /** Default `system-node-critical`. */
  readonly priorityClassName: string;
  /** How many agents, or which share of them (`10%`), may be away at once while a new version is rolled out. Default `10%`. */
  readonly maxUnavailable: number | string;
  /** Seconds between two looks at the hardware that nothing asked for. Default 30. */
  readonly scanInterval: number;
  /** Bridges and bonds whose NICs are left alone. Default `mgmt-br`, `mgmt-bo`. */
  readonly managementInterfaces: readonly string[];
  /** PCIDevices for VFs alone, or for all PCI functions. Default `sriov`. */
  readonly pciDevices: "sriov" | "all";
  /** `vendor:device` of NICs that are VFs handed into the node, beside those that are known. Default none. */
  readonly givenVfs: readonly string[];
  /** Seconds that one change in the kernel may take. Default 120. */
  readonly writeDeadline: number;
  /** Seconds that new VFs may take to get driver and name. Default 10. */
  readonly settleDeadline: number;
  /** Of the node's loopback, for health and, to the node itself, metrics, in plain HTTP. Default 9812. */
  readonly healthPort: number;
  /** The kubelet's folder on the nodes. Default `/var/lib/kubelet`. */
  readonly kubeletDirectory: string;
  /** Offer VFs to pods and virtual machines. Default true. */
  readonly devicePlugin: boolean;
  /**
   * Load `vfio-pci` for claims where the node has not. It takes the capability SYS_MODULE; without, nodes must have the
   * module loaded. Default true.
   */
  readonly moduleLoading: boolean;
}

/** How the controller runs. */
export interface ControllerDeployment {
  /** One works, the others stand by. Default 2. */
  readonly replicas: number;
  /** Default `kubernetes.io/os: linux`. */
  readonly nodeSelector: Readonly<Record<string, string>>;
  /** Default: those of a control plane's nodes. */
  readonly tolerations: readonly Toleration[];
  readonly resources: ContainerResources;
  /** Default `system-cluster-critical`. */
  readonly priorityClassName: string;
}

/** As a pod has it. */
export interface Toleration {
  readonly key?: string;
  readonly operator?: "Equal" | "Exists";
  readonly value?: string;
  readonly effect?: "NoSchedule" | "PreferNoSchedule" | "NoExecute";
  readonly tolerationSeconds?: number;
}

/** As a container has them, such as `{ requests: { cpu: "10m", memory: "100Mi" } }`. */
export interface ContainerResources {
  readonly requests?: Readonly<Record<string, string>>;
  readonly limits?: Readonly<Record<string, string>>;
}

/**
 * Who can read metrics. On the pods' own loopback they are always served, in plain HTTP; over the network by HTTPS, to whoever
 * may `get` the path `/metrics` by RBAC.
 */
export interface MetricsSettings {
  /** Serve them over the network too, and have Services for them. Default true. */
  readonly enabled: boolean;
  /** Of agents, on their nodes. Default 9810. */
  readonly agentPort: number;
  /** Of controllers, in their pods. Default 9811. */
  readonly controllerPort: number;
  /** Make ServiceMonitors, for the Prometheus operator, whose kind must be there. Default false. */
  readonly serviceMonitor: boolean;
  /** Service accounts that may read metrics, such as Prometheus'. Default none. */
  readonly readers: readonly { readonly namespace: string; readonly name: string }[];
}

/** Port of plain HTTP in a controller's pod: health, and on loopback also metrics. */
export const CONTROLLER_HEALTH_PORT = 9809;

/** What may be left out of settings, at each level. */
export type PartialSettings = Partial<
  Omit<ReconcilerSettings, "agent" | "controller" | "metrics"> & {
    readonly agent: Partial<AgentDeployment>;
    readonly controller: Partial<ControllerDeployment>;
    readonly metrics: Partial<MetricsSettings>;
  }
>;

const LINUX = { "kubernetes.io/os": "linux" };

/** Settings with their defaults. What is `undefined` counts as left out. */
export function settingsOf(given: PartialSettings = {}): ReconcilerSettings {
  const { agent, controller, metrics, ...others } = given;
  return {
    ...withDefaults(others, {
      apiServer: undefined,
      namespace: RECONCILER_NAMESPACE,
      image: `pulumi-sriov/reconciler:${VERSION}`,
      imagePullPolicy: "IfNotPresent",
      imagePullSecrets: [],
      resourcePrefix: RESOURCE_PREFIX,
      logLevel: "info",
      networkPolicy: true,
      guards: true,
    }),
    agent: withDefaults(agent, {
      nodeSelector: LINUX,
      tolerations: [{ operator: "Exists" }],
      resources: { requests: { cpu: "10m", memory: "100Mi" }, limits: { memory: "300Mi" } },
      priorityClassName: "system-node-critical",
      maxUnavailable: "10%",
      scanInterval: 30,
      managementInterfaces: ["mgmt-br", "mgmt-bo"],
      pciDevices: "sriov",
      givenVfs: [],
      writeDeadline: 120,
      settleDeadline: 10,
      // Not the flag's own default, 9808, which is that of storage drivers' liveness probes: many of them have it on the node.
      healthPort: 9812,
      kubeletDirectory: "/var/lib/kubelet",
      devicePlugin: true,
      moduleLoading: true,
    }),
    controller: withDefaults(controller, {
      replicas: 2,
      nodeSelector: LINUX,
      tolerations: [
        { key: "node-role.kubernetes.io/control-plane", operator: "Exists", effect: "NoSchedule" },
        { key: "node-role.kubernetes.io/master", operator: "Exists", effect: "NoSchedule" },
      ],
      resources: { requests: { cpu: "10m", memory: "100Mi" }, limits: { memory: "500Mi" } },
      priorityClassName: "system-cluster-critical",
    }),
    metrics: withDefaults(metrics, {
      enabled: true,
      agentPort: 9810,
      controllerPort: 9811,
      serviceMonitor: false,
      readers: [],
    }),
  };
}

function withDefaults<T extends object, D extends T>(given: Partial<T> | undefined, defaults: D): T & D {
  const told = Object.entries(given ?? {}).filter(([, value]) => value !== undefined);
  return { ...defaults, ...Object.fromEntries(told) };
}
