import type { KubeObject, ResourceType } from "../../../api/object.js";
import type { SriovNetworkDevice } from "../../../api/sriov-network-device.js";
import type { Cluster, DeviceView } from "../cluster.js";
import type { Operation } from "../resource.js";
import type { Answerer } from "../silence.js";
import type { CountOwner } from "./field-ownership.js";

/**
 * How NICs are looked after in a cluster: by this project's agents, by Harvester's controller, or by the
 * sriov-network-operator. Whoever it is, NICs are told of as this project's own objects: the count that is asked for in
 * `spec.numVFS`, its owners in `metadata.managedFields`, the VFs in `status.virtualFunctions`, and in the condition `Ready`
 * whether the NIC is as its `spec` says. What only this project's agents tell may be absent: `totalVFs`, ids, `usedBy`.
 */
export interface DeviceDialect {
  /** All NICs, kept current. @throws {ApiError} where the cluster does not know {@link kind}. */
  devices(cluster: Cluster): Promise<DeviceView>;
  /** One NIC as the API server has it now. @throws {ApiError} "not found", where there is none. */
  live(operation: Pick<Operation, "cluster" | "signal">, name: string): Promise<SriovNetworkDevice>;
  /**
   * Takes charge of the count, and makes the first write of the change. `device` is the NIC as it was looked up.
   *
   * @throws {OwnershipConflict | DisruptionRefused} Nothing was changed.
   */
  take(
    operation: Operation,
    device: SriovNetworkDevice,
    numVfs: number,
    owner: CountOwner,
  ): Promise<SriovNetworkDevice>;
  /**
   * Carries the change to its end, and returns the NIC once it has its VFs. `applied` is what {@link take} answered.
   *
   * @throws {VfsInUse | DeviceVanished | CountTaken} and other errors in words.
   */
  settle(
    operation: Operation,
    applied: SriovNetworkDevice,
    numVfs: number,
    owner: CountOwner,
  ): Promise<SriovNetworkDevice>;
  /**
   * Lets go of the count: it becomes 0 exactly if nobody else owns it. Does not wait for the VFs to go.
   *
   * @throws {DisruptionRefused} Nothing was changed.
   */
  release(operation: Operation, device: SriovNetworkDevice, owner: Released): Promise<SriovNetworkDevice>;
  /** For a preview: what there is to say of a change to this count beyond what it does to VFs. */
  foresee?(operation: Operation, device: SriovNetworkDevice, numVfs: number): Promise<CountForesight>;
  /** What to do where VFs in use are in the way of a change. */
  readonly waysOut: string;
  /** Who carries out changes of a node's NICs. */
  answerer(nodeName: string): Answerer;
  /**
   * Whether a label of the node says that all of its NICs are told of. Else that is taken to be so once one of them is, or a
   * NIC of any node where the cluster has no such node.
   */
  readonly marksNodes: boolean;
  /** The kind that tells of NICs. */
  readonly kind: ResourceType<KubeObject>;
  /** What to do where the cluster does not know that kind. */
  readonly kindAdvice: string;
}

export interface CountForesight {
  /** Why it cannot be, in a sentence or more. */
  readonly refusal?: string;
  /** What else it brings about. */
  readonly warnings: readonly string[];
}

/** Who lets go of a count. */
export type Released = Pick<CountOwner, "fieldManager" | "disrupt">;
