import type { KubeObject, ResourceType } from "./object.js";

/** Harvester's: which NICs of which nodes carry one of its cluster networks. The parts that this project reads. */
export interface VlanConfig extends KubeObject {
  readonly spec?: {
    /** Labels of the nodes that it is for; none means all of them. */
    readonly nodeSelector?: Readonly<Record<string, string>>;
    readonly uplink?: {
      /** Names of interfaces. */
      readonly nics?: readonly string[];
    };
  };
}

export const VLAN_CONFIG: ResourceType<VlanConfig> = {
  apiVersion: "network.harvesterhci.io/v1beta1",
  kind: "VlanConfig",
  plural: "vlanconfigs",
  namespaced: false,
};
