import type { KubeObject, ResourceType } from "./object.js";

/** What Multus gives a pod by its annotation `k8s.v1.cni.cncf.io/networks` (k8s.cni.cncf.io/v1). */
export interface NetworkAttachmentDefinition extends KubeObject {
  readonly spec?: {
    /** CNI configuration, as JSON text. */
    readonly config?: string;
  };
}

/**
 * Annotation of pods in which Multus, by way of the CNI plugins, tells what networks a pod got (Network Plumbing Working
 * Group's multi-network specification).
 */
export const NETWORK_STATUS = "k8s.v1.cni.cncf.io/network-status";

export const NETWORK_ATTACHMENT_DEFINITION: ResourceType<NetworkAttachmentDefinition> = {
  apiVersion: "k8s.cni.cncf.io/v1",
  kind: "NetworkAttachmentDefinition",
  plural: "network-attachment-definitions",
  namespaced: true,
};
