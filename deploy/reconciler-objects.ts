import { admissionPolicies, admissionPolicyBindings } from "../api/admission-policies.js";
import { AGENT_ACCOUNT, agentClusterRole, agentClusterRoleBinding } from "../api/agent-role.js";
import {
  CONTROLLER_ACCOUNT,
  controllerClusterRole,
  controllerClusterRoleBinding,
  controllerRole,
  controllerRoleBinding,
} from "../api/controller-role.js";
import { customResourceDefinitions } from "../api/custom-resource-definitions.js";
import type { KubeObject } from "../api/object.js";
import type { Feature } from "../api/permissions.js";
import { sriovNetworkDeviceDefinition } from "../api/schemas/sriov-network-device.js";
import { agentDaemonSet } from "./agent-daemon-set.js";
import { controllerDeployment, controllerDisruptionBudget, controllerNetworkPolicy } from "./controller-deployment.js";
import { labelled } from "./labels.js";
import {
  metricsReaderClusterRole,
  metricsReaderClusterRoleBinding,
  metricsService,
  serviceMonitor,
} from "./metrics-objects.js";
import { reconcilerNamespace, serviceAccount } from "./namespace.js";
import type { ReconcilerSettings } from "./settings.js";

/** One object of an installation. */
export interface ReconcilerObject {
  /** Tells it from the others, whatever the settings: the last part of its resource's name in a program. */
  readonly key: string;
  readonly object: KubeObject;
  /** Objects of users go with it, so that it is to stay when the rest is removed: namespace and kinds. */
  readonly keeps: boolean;
  /** Keys of the objects that must be there before it. */
  readonly after: readonly string[];
}

/**
 * All objects of an installation, in an order in which they can be made: what ships as YAML, what the component makes, and
 * what the lab runs. Their names and keys are the same whatever the settings, which say what is in them and which of them
 * there are.
 */
export function reconcilerObjects(settings: ReconcilerSettings): ReconcilerObject[] {
  const { namespace, guards, networkPolicy, metrics } = settings;
  const agent = { ...AGENT_ACCOUNT, namespace };
  const controller = { ...CONTROLLER_ACCOUNT, namespace };
  const features: readonly Feature[] = metrics.enabled ? ["metrics"] : [];

  const namespaces = group([reconcilerNamespace(namespace)], { keeps: true });
  // Where others of their group are served without the kind of NICs, a cluster is one of Harvester's older releases: so no
  // installation that was cut short may look like that, and no removal.
  const nics = group([sriovNetworkDeviceDefinition()], { keeps: true });
  const otherKinds = customResourceDefinitions().filter(
    ({ metadata }) => metadata.name !== nics[0]?.object.metadata.name,
  );
  const kinds = [...nics, ...group(otherKinds, { keeps: true, after: nics })];
  const rights = group(
    [
      serviceAccount(agent),
      agentClusterRole(features),
      agentClusterRoleBinding(agent),
      serviceAccount(controller),
      controllerClusterRole(features),
      controllerClusterRoleBinding(controller),
      controllerRole(controller),
      controllerRoleBinding(controller),
    ],
    { after: namespaces },
  );
  const guarding = group(guards ? [...admissionPolicies(agent, controller), ...admissionPolicyBindings()] : [], {
    after: kinds,
  });
  const surroundings = group(
    [controllerDisruptionBudget(settings), ...(networkPolicy ? [controllerNetworkPolicy(settings)] : [])],
    { after: namespaces },
  );
  // Last, so that a pod finds all that it needs, and first to go: no agent is ever without its rights and guards.
  const pods = group([agentDaemonSet(settings), controllerDeployment(settings)], {
    after: [...namespaces, ...kinds, ...rights, ...guarding, ...surroundings],
  });
  return [
    ...namespaces,
    ...kinds,
    ...rights,
    ...guarding,
    ...surroundings,
    ...(metrics.enabled ? group(metricsObjects(settings), { after: namespaces }) : []),
    ...pods,
  ];
}

function metricsObjects(settings: ReconcilerSettings): KubeObject[] {
  const components = ["agent", "controller"] as const;
  return [
    metricsReaderClusterRole(),
    ...(settings.metrics.readers.length > 0 ? [metricsReaderClusterRoleBinding(settings)] : []),
    ...components.map((component) => metricsService(component, settings)),
    ...(settings.metrics.serviceMonitor ? components.map((component) => serviceMonitor(component, settings)) : []),
  ];
}

function group(
  objects: readonly KubeObject[],
  { keeps = false, after = [] }: { readonly keeps?: boolean; readonly after?: readonly ReconcilerObject[] },
): ReconcilerObject[] {
  const keys = after.map(({ key }) => key);
  return objects.map((object) => ({ key: keyOf(object), object: labelled(object), keeps, after: keys }));
}

/** `ClusterRole` `pulumi-sriov-agent` is `cluster-role-pulumi-sriov-agent`; there is one namespace, of any name. */
function keyOf({ kind = "", metadata }: KubeObject): string {
  if (kind === "Namespace") return "namespace";
  const words = kind.replace(/(?<=[a-z])(?=[A-Z])/g, "-").toLowerCase();
  return `${words}-${metadata.name}`;
}
