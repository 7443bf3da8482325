import type * as pulumi from "@pulumi/pulumi";
import { settingsProblems } from "../../deploy/settings-problems.js";
import type {
  AgentDeployment,
  ApiServerAddress,
  ControllerDeployment,
  LogLevel,
  MetricsSettings,
  ReconcilerSettings,
} from "../../deploy/settings.js";
import type { ClusterArgs } from "../cluster-resource.js";

/**
 * Arguments of `SriovReconciler`. None is needed where nodes can pull the image under its default name. What decides which
 * objects there are is plain; all else may be an output of another resource.
 */
export interface SriovReconcilerArgs extends ClusterArgs {
  /** The reconciler's image, with tag or digest. Default `pulumi-sriov/reconciler:<version of this package>`. */
  readonly image?: pulumi.Input<string>;
  /** When nodes pull the image. Default `IfNotPresent`. */
  readonly imagePullPolicy?: pulumi.Input<ReconcilerSettings["imagePullPolicy"]>;
  /** Names of Secrets in the namespace with credentials for the image's registry. Default none. */
  readonly imagePullSecrets?: pulumi.Input<readonly pulumi.Input<string>[]>;
  /**
   * Where the reconciler runs, and where policies and networks count. It is made, and stays when the component goes, with the
   * policies and networks in it. Default `pulumi-sriov`.
   */
  readonly namespace?: pulumi.Input<string>;
  /** Seconds between two looks of an agent at its hardware that nothing asked for. Default 30. */
  readonly scanInterval?: pulumi.Input<number>;
  /** Bridges and bonds whose NICs are left alone. Default `mgmt-br`, `mgmt-bo`. */
  readonly managementInterfaces?: pulumi.Input<readonly pulumi.Input<string>[]>;
  /** Nodes that get an agent: those with all of these labels. Default `kubernetes.io/os: linux`. */
  readonly nodeSelector?: pulumi.Input<Readonly<Record<string, pulumi.Input<string>>>>;
  /** What stands before the names of policies' pools, as in `openshift.io/storage`. Default `openshift.io`. */
  readonly resourcePrefix?: pulumi.Input<string>;
  /** How much agents and controller log. Default `info`. */
  readonly logLevel?: pulumi.Input<LogLevel>;
  /** What may be switched off, or on. */
  readonly features?: ReconcilerFeatures;
  /** How agents run, one a node. */
  readonly agent?: AgentArgs;
  /** How the controller runs. */
  readonly controller?: ControllerArgs;
  /** Ports and readers of metrics. */
  readonly metrics?: MetricsArgs;
  /** Where pods reach the API server, if not by the Service `kubernetes`: on a cluster without a Service network, say. */
  readonly apiServer?: InputsOf<ApiServerAddress>;
  /**
   * Delete the CustomResourceDefinitions and the namespace, too, when the component is deleted, and with them every object of
   * those kinds: NICs, policies, networks, claims. It counts once an `up` has been made with it. Default false: they stay, and a
   * later `up` takes them over again.
   */
  readonly removeCrds?: boolean;
  /**
   * Wait in `up` until every selected node runs its agent, also a node that is down, for which `up` waits in vain. Without, each
   * NIC, policy and claim waits for the agents of its own nodes alone. Default true.
   */
  readonly waitForAgents?: boolean;
}

/** Switches; plain, since they decide which objects there are. */
export interface ReconcilerFeatures {
  /** Admission policies that hold who may write what, and keep VFs that are in use. Default true. */
  readonly guards?: boolean;
  /** Keep other pods away from the controller's, but for those that read metrics. Default true. */
  readonly networkPolicy?: boolean;
  /** Offer VFs to pods and virtual machines. Default true. */
  readonly devicePlugin?: boolean;
  /**
   * Load `vfio-pci` for claims where the node has not. It takes the capability SYS_MODULE; without, nodes must have the module
   * loaded. Default true.
   */
  readonly moduleLoading?: boolean;
  /** Serve metrics over the network, by HTTPS, to whoever may `get` the path `/metrics`. Default true. */
  readonly metrics?: boolean;
  /** Make ServiceMonitors, for the Prometheus operator, whose kind must be there. Default false. */
  readonly serviceMonitor?: boolean;
}

/** How agents run, beyond what stands among the component's own arguments. Times are in seconds. */
export type AgentArgs = InputsOf<
  Omit<AgentDeployment, "nodeSelector" | "scanInterval" | "managementInterfaces" | "devicePlugin" | "moduleLoading">
>;

/** How the controller runs. */
export type ControllerArgs = InputsOf<ControllerDeployment>;

/** Ports and readers of metrics. */
export type MetricsArgs = InputsOf<Omit<MetricsSettings, "enabled" | "serviceMonitor" | "readers">> &
  // Whether there are any decides which objects there are.
  Partial<Pick<MetricsSettings, "readers">>;

/** Settings that may each be left out, or be an output, as may elements of those that are lists or records. */
type InputsOf<Settings> = { readonly [Name in keyof Settings]?: pulumi.Input<WithInputs<Settings[Name]>> };
type WithInputs<Value> = Value extends readonly (infer Element)[]
  ? readonly pulumi.Input<Element>[]
  : Value extends Readonly<Record<string, string>>
    ? Readonly<Record<string, pulumi.Input<string>>>
    : Value;

/** Settings, as `settingsOf` takes them, each of which may be an output, or have some inside. */
export interface GivenSettings {
  readonly [setting: string]: unknown;
}

/** The component's arguments, in the order of {@link ReconcilerSettings}. */
export function settingsGiven(args: SriovReconcilerArgs): GivenSettings {
  const { features = {} } = args;
  return {
    namespace: args.namespace,
    image: args.image,
    imagePullPolicy: args.imagePullPolicy,
    imagePullSecrets: args.imagePullSecrets,
    resourcePrefix: args.resourcePrefix,
    logLevel: args.logLevel,
    apiServer: args.apiServer,
    networkPolicy: features.networkPolicy,
    guards: features.guards,
    agent: {
      ...args.agent,
      nodeSelector: args.nodeSelector,
      scanInterval: args.scanInterval,
      managementInterfaces: args.managementInterfaces,
      devicePlugin: features.devicePlugin,
      moduleLoading: features.moduleLoading,
    },
    controller: args.controller,
    metrics: { ...args.metrics, enabled: features.metrics, serviceMonitor: features.serviceMonitor },
  };
}

/** What is wrong with settings, a sentence each, in the words of the component's arguments. */
export function argumentProblems(settings: unknown): string[] {
  return settingsProblems(settings).map(({ path, problem }) => inArguments(`${path} ${problem}`));
}

/** Settings that are arguments of another name. */
const NAMES: Readonly<Record<string, string>> = {
  "agent.nodeSelector": "nodeSelector",
  "agent.scanInterval": "scanInterval",
  "agent.managementInterfaces": "managementInterfaces",
  "agent.devicePlugin": "features.devicePlugin",
  "agent.moduleLoading": "features.moduleLoading",
  "metrics.enabled": "features.metrics",
  "metrics.serviceMonitor": "features.serviceMonitor",
  networkPolicy: "features.networkPolicy",
  guards: "features.guards",
};

function inArguments(sentence: string): string {
  return sentence.replace(/(?<!["\w.])[a-z][\w.]*\w/gi, (word) => NAMES[word] ?? word);
}
