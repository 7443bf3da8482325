import * as pulumi from "@pulumi/pulumi";
import { AGENT_ACCOUNT } from "../api/agent-role.js";
import { CONTROLLER_ACCOUNT } from "../api/controller-role.js";
import { type PartialSettings, settingsOf } from "../deploy/settings.js";
import { kubernetesAccess } from "./reconciler/kubernetes-access.js";
import { kubernetesObject, kubernetesPackage, lastingObject, unawaited } from "./reconciler/kubernetes-package.js";
import { argumentProblems, settingsGiven, type SriovReconcilerArgs } from "./reconciler/reconciler-args.js";
import { ReconcilerPreflight } from "./reconciler/reconciler-preflight.js";
import { renderedObjects, type RenderedObject } from "./reconciler/rendered-objects.js";

/**
 * The reconciler in a cluster: kinds, admission policies, service accounts and roles, an agent on each node, and the
 * controller. It needs the package `@pulumi/kubernetes`.
 *
 * NICs, policies, networks and claims of the same program name it in their `dependsOn`: then they are made once agents and
 * controller run, and are gone before these are.
 *
 * The children are made by the Kubernetes provider among `provider` or `providers`, or the parent's; else by the arguments
 * `kubeconfig` and `context`, or the configuration `sriov:kubeconfig` and `sriov:context`; else by the default provider.
 *
 * @example
 * const reconciler = new sriov.SriovReconciler("sriov");
 * const nic = new sriov.SriovNetworkDevice(
 *   "storage",
 *   { nodeName: "node1", interfaceName: "eno49", numVfs: 4 },
 *   { dependsOn: [reconciler] },
 * );
 */
export class SriovReconciler extends pulumi.ComponentResource {
  /** Where the reconciler runs, and where policies and networks count. */
  readonly namespace: pulumi.Output<string>;
  /** The image that agents and controller run. */
  readonly image: pulumi.Output<string>;
  /** What stands before the names of policies' pools. */
  readonly resourcePrefix: pulumi.Output<string>;
  /** Name of the agents' service account, in the namespace. */
  readonly agentServiceAccount: pulumi.Output<string>;
  /** Name of the controller's service account, in the namespace. */
  readonly controllerServiceAccount: pulumi.Output<string>;

  constructor(name: string, args: SriovReconcilerArgs = {}, opts: pulumi.ComponentResourceOptions = {}) {
    super("sriov:index:SriovReconciler", name, {}, opts);
    const given = settingsGiven(args);
    const objects = renderedObjects(given, (settings) => {
      const problems = argumentProblems(settings);
      if (problems.length > 0) throw new pulumi.ResourceError(problems.join("\n"), this, true);
    });
    this.makeChildren(name, objects, args, opts);

    const { namespace, image, resourcePrefix } = given;
    const settings = pulumi.output({ namespace, image, resourcePrefix });
    const settled = settings.apply((known) => settingsOf(known as PartialSettings));
    this.namespace = settled.namespace;
    this.image = settled.image;
    this.resourcePrefix = settled.resourcePrefix;
    this.agentServiceAccount = pulumi.output(AGENT_ACCOUNT.name);
    this.controllerServiceAccount = pulumi.output(CONTROLLER_ACCOUNT.name);
    this.registerOutputs({
      namespace: this.namespace,
      image: this.image,
      resourcePrefix: this.resourcePrefix,
      agentServiceAccount: this.agentServiceAccount,
      controllerServiceAccount: this.controllerServiceAccount,
    });
  }

  private makeChildren(
    name: string,
    objects: readonly RenderedObject[],
    args: SriovReconcilerArgs,
    // Pulumi hands a component's timeouts to none of its children, where alone they count.
    { customTimeouts }: pulumi.ComponentResourceOptions,
  ): void {
    const k8s = kubernetesPackage(this);
    const { provider, access } = kubernetesAccess(k8s, this, name, args);
    const preflight = new ReconcilerPreflight(`${name}-preflight`, access, { parent: this });
    const made = new Map<string, pulumi.CustomResource>();
    for (const object of objects) {
      const opts = {
        parent: this,
        dependsOn: [preflight, ...object.after.flatMap((key) => made.get(key) ?? [])],
        ...(provider && { provider }),
        ...(customTimeouts && { customTimeouts }),
        // Of all else the Kubernetes provider knows when to: a false here would overrule it.
        ...(runsPods(object) && { deleteBeforeReplace: true }),
      };
      const child = `${name}-${object.key}`;
      const resource = object.keeps
        ? lastingObject(k8s, object, child, { ...opts, stays: args.removeCrds !== true })
        : kubernetesObject(k8s, args.waitForAgents === false ? unawaited(object) : object, child, opts);
      made.set(object.key, resource);
    }
  }
}

/**
 * In another namespace such an object is another, which Pulumi would make first: two agents at the hardware of one node, of
 * which the second never gets the node's port, and two controllers that know nothing of each other's lease.
 */
function runsPods({ kind }: RenderedObject): boolean {
  return kind === "DaemonSet" || kind === "Deployment";
}
