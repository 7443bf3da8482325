import type * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { ClusterArgs } from "../cluster-resource.js";

/** How a component's children find their cluster. */
export interface KubernetesAccess {
  /** The Kubernetes provider to make objects by; undefined: whichever they have without being told. */
  readonly provider?: pulumi.ProviderResource;
  /** The same cluster, for this package's own resources. */
  readonly access: ClusterArgs;
}

/**
 * A Kubernetes provider that the component is given, or inherits, goes first; then its arguments `kubeconfig` and `context`,
 * then `sriov:` configuration, by which a provider of its own is made; then the default provider. The arguments say which
 * cluster is meant also where a given provider does not tell.
 */
export function kubernetesAccess(
  k8s: typeof kubernetes,
  component: pulumi.ComponentResource,
  name: string,
  args: ClusterArgs,
): KubernetesAccess {
  const told = accessOf(args.kubeconfig, args.context);
  const given = component.getProvider("kubernetes::");
  if (given !== undefined) return { access: isSaid(told) ? told : accessOfProvider(given) };
  const meant = withConfiguration(told);
  if (!isSaid(meant)) return { access: {} };
  // Stack configuration of the default provider does not reach one that a program makes.
  const kubeconfig = meant.kubeconfig ?? new pulumi.Config("kubernetes").get("kubeconfig");
  const inputs = accessOf(kubeconfig && pulumi.secret(kubeconfig), meant.context);
  return { provider: new k8s.Provider(`${name}-kubernetes`, inputs, { parent: component }), access: told };
}

function isSaid({ kubeconfig, context }: ClusterArgs): boolean {
  return kubeconfig !== undefined || context !== undefined;
}

/** A context belongs to the kubeconfig that it stands beside. */
function withConfiguration(told: ClusterArgs): ClusterArgs {
  if (told.kubeconfig !== undefined) return told;
  const config = new pulumi.Config("sriov");
  return accessOf(config.get("kubeconfig"), told.context ?? config.get("context"));
}

/** The package's types do not say it, but a provider has its own arguments as outputs. */
function accessOfProvider(provider: pulumi.ProviderResource): ClusterArgs {
  const { kubeconfig, context } = provider as Partial<Record<keyof ClusterArgs, pulumi.Output<string>>>;
  return accessOf(kubeconfig, kubeconfig && context && contextBeside(kubeconfig, context));
}

/**
 * To a preview, an argument that a provider was not given is as unknown as one that is still to be known. A context is hardly
 * known later than the kubeconfig that it is of: such a one was not given.
 */
function contextBeside(kubeconfig: pulumi.Output<string>, context: pulumi.Output<string>): pulumi.Output<string> {
  const known = pulumi.output(Promise.all([isKnown(kubeconfig), isKnown(context)]));
  return known.apply(([before, after]) => (before && !after ? NOT_GIVEN : context));
}

/** As a provider's property has it once it is known. */
const NOT_GIVEN = pulumi.output(undefined as unknown as string);

/** The package's types do not say this either. */
function isKnown(output: pulumi.Output<string>): Promise<boolean> {
  return (output as unknown as { readonly isKnown: Promise<boolean> }).isKnown;
}

function accessOf(
  kubeconfig: pulumi.Input<string> | undefined,
  context: pulumi.Input<string> | undefined,
): ClusterArgs {
  return { ...(kubeconfig !== undefined && { kubeconfig }), ...(context !== undefined && { context }) };
}
