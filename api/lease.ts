import type { KubeObject, ResourceType } from "./object.js";

/** coordination.k8s.io/v1: by which processes of one kind agree on the one of them that works. */
export interface Lease extends KubeObject {
  readonly spec?: LeaseSpec;
}

export interface LeaseSpec {
  /** Absent while nobody has it. */
  readonly holderIdentity?: string;
  /** How long after `renewTime` the others leave it to the holder. */
  readonly leaseDurationSeconds?: number;
  /** RFC 3339 with microseconds, as `renewTime`. */
  readonly acquireTime?: string;
  readonly renewTime?: string;
  /** How often it has gone from one holder to another. */
  readonly leaseTransitions?: number;
}

export const LEASE: ResourceType<Lease> = {
  apiVersion: "coordination.k8s.io/v1",
  kind: "Lease",
  plural: "leases",
  namespaced: true,
};

/** The Lease, in the reconciler's namespace, that tells which of several controllers works. */
export const CONTROLLER_LEASE_NAME = "pulumi-sriov-controller";
