import type * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { ClusterArgs } from "../cluster-resource.js";

/**
 * The Kubernetes provider that a component's children are made by, where neither their parent nor the stack's configuration of
 * the default provider says it: one by the component's arguments, or by `sriov:` configuration. Undefined where these say
 * nothing.
 */
export function childrensProvider(
  k8s: typeof kubernetes,
  parent: pulumi.ComponentResource,
  name: string,
  args: ClusterArgs,
): pulumi.ProviderResource | undefined {
  if (parent.getProvider("kubernetes::") !== undefined) return undefined;
  const { kubeconfig, context } = ownAccess(args);
  if (kubeconfig === undefined && context === undefined) return undefined;
  // Stack configuration of the default provider does not reach one that a program makes.
  const config = kubeconfig ?? new pulumi.Config("kubernetes").get("kubeconfig");
  return new k8s.Provider(
    `${name}-kubernetes`,
    { ...(config !== undefined && { kubeconfig: pulumi.secret(config) }), ...(context !== undefined && { context }) },
    { parent },
  );
}

/** Arguments go first. A context belongs to the kubeconfig that it stands beside. */
function ownAccess({ kubeconfig, context }: ClusterArgs): ClusterArgs {
  if (kubeconfig !== undefined) return { kubeconfig, ...(context !== undefined && { context }) };
  const config = new pulumi.Config("sriov");
  const configured = { kubeconfig: config.get("kubeconfig"), context: context ?? config.get("context") };
  return {
    ...(configured.kubeconfig !== undefined && { kubeconfig: configured.kubeconfig }),
    ...(configured.context !== undefined && { context: configured.context }),
  };
}
