import { many, methodOf, services, text, texts } from "./services.js";

/** The kubelet's pod-resources API, `v1`; of its messages, what tells who has which device. */
export interface ListPodResourcesResponse {
  readonly pods: readonly PodResourcesMessage[];
}

export interface PodResourcesMessage {
  readonly name: string;
  readonly namespace: string;
  readonly containers: readonly { readonly devices: readonly ContainerDevices[] }[];
}

export interface ContainerDevices {
  readonly resource: string;
  readonly ids: readonly string[];
}

const { PodResourcesLister } = services("v1", {
  services: { PodResourcesLister: { List: { requestType: "Nothing", responseType: "ListPodResourcesResponse" } } },
  messages: {
    Nothing: {},
    ListPodResourcesResponse: { pods: many("PodResources", 1) },
    PodResources: { name: text(1), namespace: text(2), containers: many("ContainerResources", 3) },
    ContainerResources: { devices: many("ContainerDevices", 2) },
    ContainerDevices: { resource: text(1), ids: texts(2) },
  },
});

export const listPodResources = methodOf<object, ListPodResourcesResponse>(PodResourcesLister, "List");
