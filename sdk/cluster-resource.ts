import * as pulumi from "@pulumi/pulumi";

/** Arguments by which every resource and function finds its cluster. */
export interface ClusterArgs {
  /**
   * Path or text of a kubeconfig; always kept as a secret. Default: the configuration `sriov:kubeconfig`, then
   * `kubernetes:kubeconfig`, `KUBECONFIG`, `~/.kube/config`, and a pod's own service account.
   */
  readonly kubeconfig?: pulumi.Input<string>;
  /**
   * Context of the kubeconfig. Default: the configuration `sriov:context`, then `kubernetes:context`, as far as they stand
   * beside or before the kubeconfig that is used; then the kubeconfig's current one.
   */
  readonly context?: pulumi.Input<string>;
}

const MODULE = "sriov";

/** What is the same for every resource that this package's provider looks after. */
export abstract class ClusterResource extends pulumi.dynamic.Resource {
  /**
   * @param properties the kind's own inputs.
   * @param outputs names of what is output and no input.
   */
  protected constructor(
    provider: pulumi.dynamic.ResourceProvider,
    type: string,
    name: string,
    args: ClusterArgs,
    properties: pulumi.Inputs,
    outputs: readonly string[],
    opts?: pulumi.CustomResourceOptions,
  ) {
    // Outputs must be declared as inputs that are undefined: a dynamic resource has no others.
    const declared = Object.fromEntries(
      [...outputs, "clusterUid", "fieldManager"].map((output) => [output, undefined]),
    );
    const inputs = { ...declared, ...properties, ...sharedInputs(type, name, args, opts) };
    const secrets = { additionalSecretOutputs: ["kubeconfig"] };
    super(provider, name, inputs, pulumi.mergeOptions(opts ?? {}, secrets), MODULE, type);
  }
}

function sharedInputs(
  type: string,
  name: string,
  args: ClusterArgs,
  opts: pulumi.CustomResourceOptions | undefined,
): pulumi.Inputs {
  const { create, update, delete: remove } = opts?.customTimeouts ?? {};
  const timeouts = { create, update, delete: remove };
  return {
    kubeconfig: args.kubeconfig === undefined ? undefined : pulumi.secret(args.kubeconfig),
    context: args.context,
    // Pulumi tells a dynamic provider neither of these.
    resourceUrn: urnOf(type, name, opts?.parent),
    timeouts: Object.values(timeouts).some((timeout) => timeout !== undefined) ? timeouts : undefined,
  };
}

/**
 * A promise, not an output: an output of the parent's would make the resource wait for what it depends on, and where that is
 * a component, for all children of it, which wait for the resource in turn.
 */
function urnOf(type: string, name: string, parent: pulumi.Resource | undefined): Promise<string> {
  const urn = pulumi.createUrn(name, `pulumi-nodejs:dynamic/${MODULE}:${type}`, parent);
  return new Promise((resolve) => urn.apply(resolve));
}
