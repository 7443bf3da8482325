import { admissionPolicies, admissionPolicyBindings } from "../api/admission-policies.js";
import { AGENT_ACCOUNT, agentClusterRole, agentClusterRoleBinding } from "../api/agent-role.js";
import {
  CONTROLLER_ACCOUNT,
  controllerClusterRole,
  controllerClusterRoleBinding,
  controllerRole,
  controllerRoleBinding,
} from "../api/controller-role.js";
import { NAMESPACE } from "../api/core.js";
import { customResourceDefinitions } from "../api/custom-resource-definitions.js";
import type { KubeObject } from "../api/object.js";
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
 * what the lab runs.
 */
export function reconcilerObjects(settings: ReconcilerSettings): ReconcilerObject[] {
  const { namespace, guards } = settings;
  const agent = { ...AGENT_ACCOUNT, namespace };
  const controller = { ...CONTROLLER_ACCOUNT, namespace };
  const { apiVersion, kind } = NAMESPACE;
  const kinds = customResourceDefinitions();
  const roles = [
    agentClusterRole(),
    agentClusterRoleBinding(agent),
    controllerClusterRole(),
    controllerClusterRoleBinding(controller),
    controllerRole(controller),
    controllerRoleBinding(controller),
  ];
  return [
    { key: "namespace", object: { apiVersion, kind, metadata: { name: namespace } }, keeps: true, after: [] },
    ...kinds.map((object) => ({ key: keyOf(object), object, keeps: true, after: [] })),
    ...roles.map((object) => ({ key: keyOf(object), object, keeps: false, after: ["namespace"] })),
    ...(guards ? [...admissionPolicies(agent, controller), ...admissionPolicyBindings()] : []).map((object) => ({
      key: keyOf(object),
      object,
      keeps: false,
      after: kinds.map(keyOf),
    })),
  ];
}

/** `ClusterRole` `pulumi-sriov-agent` is `cluster-role-pulumi-sriov-agent`. */
function keyOf({ kind = "", metadata }: KubeObject): string {
  const words = kind.replace(/(?<=[a-z])(?=[A-Z])/g, "-").toLowerCase();
  return `${words}-${metadata.name}`;
}
