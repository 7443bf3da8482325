import type { Condition, KubeObject, ResourceType } from "./object.js";

/** The parts of Kubernetes' own kinds that this project reads or writes. */

export interface Node extends KubeObject {
  readonly status?: {
    readonly conditions?: readonly Condition[];
    /** What pods may have of the node, by resource; those of device plugins in whole numbers. */
    readonly allocatable?: Readonly<Record<string, string>>;
    readonly nodeInfo?: { readonly bootID: string };
  };
}

export const NODE: ResourceType<Node> = { apiVersion: "v1", kind: "Node", plural: "nodes", namespaced: false };

export const NAMESPACE: ResourceType<KubeObject> = {
  apiVersion: "v1",
  kind: "Namespace",
  plural: "namespaces",
  namespaced: false,
};

export interface Pod extends KubeObject {
  readonly spec?: { readonly nodeName?: string };
  readonly status?: {
    readonly phase?: string;
    readonly conditions?: readonly Condition[];
    readonly containerStatuses?: readonly { readonly containerID?: string; readonly restartCount: number }[];
  };
}

export const POD: ResourceType<Pod> = { apiVersion: "v1", kind: "Pod", plural: "pods", namespaced: true };

export interface CustomResourceDefinition extends KubeObject {
  readonly spec: unknown;
  readonly status?: { readonly conditions?: readonly Condition[] };
}

export const CUSTOM_RESOURCE_DEFINITION: ResourceType<CustomResourceDefinition> = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  plural: "customresourcedefinitions",
  namespaced: false,
};
