import type * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Fields, RenderedObject } from "./rendered-objects.js";

type Kubernetes = typeof kubernetes;
type ResourceClass = new (
  name: string,
  args: Record<string, unknown>,
  opts?: pulumi.CustomResourceOptions,
) => pulumi.CustomResource;

/**
 * The package `@pulumi/kubernetes` of the program. Programs without a reconciler do without it.
 *
 * @param component what needs it, of which an error is told.
 * @throws {pulumi.ResourceError} that says what to install, where it is not there.
 */
export function kubernetesPackage(component: pulumi.Resource): Kubernetes {
  try {
    // An import at the top would be made by every program.
    // eslint-disable-next-line @typescript-eslint/no-require-imports
    return require("@pulumi/kubernetes") as Kubernetes;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "MODULE_NOT_FOUND") throw error;
    const message =
      "SriovReconciler needs the package @pulumi/kubernetes, and this program has none. " +
      "Install it beside pulumi-sriov: npm install @pulumi/kubernetes";
    // Without a stack: what to do is one line, which Pulumi would print below forty others.
    throw new pulumi.ResourceError(message, component, true);
  }
}

/** A resource of the package for an object, of the type that the object's kind has there. */
export function kubernetesObject(
  k8s: Kubernetes,
  { apiVersion, kind, fields }: KubernetesObject,
  name: string,
  opts: pulumi.CustomResourceOptions,
): pulumi.CustomResource {
  const known = CLASSES[`${apiVersion}/${kind}`]?.(k8s) ?? k8s.apiextensions.CustomResource;
  return new (known as unknown as ResourceClass)(name, { ...fields }, opts);
}

/**
 * The same for an object that may be there already, and that may outlive the resource.
 *
 * Of an object that is there already the package's ordinary resources make an error, and those whose type ends in `Patch` take
 * it over, by server-side apply; but deleting such a resource leaves the object. So `stays` decides which of both it is, and
 * by an alias either follows the other, without anything being done to the object.
 */
export function lastingObject(
  k8s: Kubernetes,
  { apiVersion, kind, fields }: KubernetesObject,
  name: string,
  { stays, ...opts }: pulumi.CustomResourceOptions & { readonly stays: boolean },
): pulumi.CustomResource {
  const type = `kubernetes:${apiVersion.includes("/") ? apiVersion : `core/${apiVersion}`}:${kind}`;
  const known = CLASSES[`${apiVersion}/${kind}${stays ? "Patch" : ""}`]?.(k8s);
  if (known === undefined) throw new Error(`${kind} of ${apiVersion} is none of the kinds that can be taken over`);
  const { annotations, ...metadata } = fields["metadata"] as Fields;
  const forced = { ...(annotations as Fields | undefined), "pulumi.com/patchForce": "true" };
  return new (known as unknown as ResourceClass)(
    name,
    { ...fields, metadata: { ...metadata, annotations: forced } },
    { ...opts, retainOnDelete: stays, aliases: [{ type: stays ? type : `${type}Patch` }] },
  );
}

/** The same object; of a DaemonSet the package then does not wait until all its pods run. */
export function unawaited(object: RenderedObject): RenderedObject {
  if (object.kind !== "DaemonSet") return object;
  const { annotations, ...metadata } = object.fields["metadata"] as Fields;
  const skipping = { ...(annotations as Fields | undefined), "pulumi.com/skipAwait": "true" };
  return { ...object, fields: { ...object.fields, metadata: { ...metadata, annotations: skipping } } };
}

type KubernetesObject = Pick<RenderedObject, "apiVersion" | "kind" | "fields">;

/** Kinds that have a class of their own in the package. */
const CLASSES: Readonly<Record<string, (k8s: Kubernetes) => unknown>> = {
  "v1/Namespace": (k8s) => k8s.core.v1.Namespace,
  "v1/NamespacePatch": (k8s) => k8s.core.v1.NamespacePatch,
  "v1/Service": (k8s) => k8s.core.v1.Service,
  "v1/ServiceAccount": (k8s) => k8s.core.v1.ServiceAccount,
  "apps/v1/DaemonSet": (k8s) => k8s.apps.v1.DaemonSet,
  "apps/v1/Deployment": (k8s) => k8s.apps.v1.Deployment,
  "policy/v1/PodDisruptionBudget": (k8s) => k8s.policy.v1.PodDisruptionBudget,
  "networking.k8s.io/v1/NetworkPolicy": (k8s) => k8s.networking.v1.NetworkPolicy,
  "rbac.authorization.k8s.io/v1/ClusterRole": (k8s) => k8s.rbac.v1.ClusterRole,
  "rbac.authorization.k8s.io/v1/ClusterRoleBinding": (k8s) => k8s.rbac.v1.ClusterRoleBinding,
  "rbac.authorization.k8s.io/v1/Role": (k8s) => k8s.rbac.v1.Role,
  "rbac.authorization.k8s.io/v1/RoleBinding": (k8s) => k8s.rbac.v1.RoleBinding,
  "apiextensions.k8s.io/v1/CustomResourceDefinition": (k8s) => k8s.apiextensions.v1.CustomResourceDefinition,
  "apiextensions.k8s.io/v1/CustomResourceDefinitionPatch": (k8s) => k8s.apiextensions.v1.CustomResourceDefinitionPatch,
  "admissionregistration.k8s.io/v1/ValidatingAdmissionPolicy": (k8s) =>
    k8s.admissionregistration.v1.ValidatingAdmissionPolicy,
  "admissionregistration.k8s.io/v1/ValidatingAdmissionPolicyBinding": (k8s) =>
    k8s.admissionregistration.v1.ValidatingAdmissionPolicyBinding,
};
