import type * as pulumi from "@pulumi/pulumi";
import provider from "../../provider/dynamic/sriov-reconciler-preflight.js";
import { type ClusterArgs, ClusterResource } from "../cluster-resource.js";

/**
 * The component's look at the cluster before anything is installed there. A resource, so that it is made where all cluster
 * access is: in the provider, which has the stack's configuration, and not where a test only mocks resources.
 */
export class ReconcilerPreflight extends ClusterResource {
  /** @param args the cluster that the component's other children are made in. */
  constructor(name: string, args: ClusterArgs, opts: pulumi.CustomResourceOptions) {
    super(provider, "SriovReconcilerPreflight", name, args, {}, [], opts);
  }
}
