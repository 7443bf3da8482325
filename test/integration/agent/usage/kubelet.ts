import {
  Server,
  type sendUnaryData,
  ServerCredentials,
  type ServerUnaryCall,
  type ServiceDefinition,
  status,
} from "@grpc/grpc-js";
import { fromJSON } from "@grpc/proto-loader";
import { rmSync } from "node:fs";
import type { Allocation } from "../../../../reconciler/agent/usage/pod-resources.js";

/** Plays the kubelet on its pod-resources socket, with gRPC's own library. */
export class Kubelet {
  /** What its pods were given. */
  allocations: readonly Allocation[] = [];
  /** Answers with an error meanwhile. */
  failing = false;
  /** Leaves questions without an answer meanwhile. */
  silent = false;
  asked = 0;
  private server: Server | undefined;

  constructor(readonly socket: string) {}

  async start(): Promise<void> {
    const server = new Server();
    const service = fromJSON(POD_RESOURCES_V1)[LISTER] as ServiceDefinition;
    server.addService(service, {
      List: (_: ServerUnaryCall<unknown, unknown>, done: sendUnaryData<unknown>) => {
        this.asked++;
        if (this.silent) return;
        if (this.failing) done({ code: status.INTERNAL, details: "the device plugin is ill" });
        else done(null, { podResources: this.allocations.map(podResources) });
      },
    });
    await new Promise<void>((resolve, reject) => {
      const credentials = ServerCredentials.createInsecure();
      server.bindAsync(`unix:${this.socket}`, credentials, (error) => (error ? reject(error) : resolve()));
    });
    this.server = server;
  }

  stop(): void {
    this.server?.forceShutdown();
    rmSync(this.socket, { force: true });
  }
}

/** With numbers of CPUs and the device's NUMA node, as the kubelet tells them too. */
function podResources({ namespace, pod, resource, ids }: Allocation) {
  const devices = [{ resourceName: resource, deviceIds: ids, topology: { nodes: [{ ID: 1 }] } }];
  return { name: pod, namespace, containers: [{ name: "main", devices, cpuIds: [2, 300] }] };
}

const LISTER = "v1.PodResourcesLister";

const text = (id: number) => ({ type: "string", id });
const number = (id: number) => ({ type: "int64", id });
const many = (type: string, id: number) => ({ type, id, rule: "repeated" });

const POD_RESOURCES_V1 = {
  nested: {
    v1: {
      nested: {
        PodResourcesLister: {
          methods: {
            List: { requestType: "ListPodResourcesRequest", responseType: "ListPodResourcesResponse", comment: "" },
          },
        },
        ListPodResourcesRequest: { fields: {} },
        ListPodResourcesResponse: { fields: { podResources: many("PodResources", 1) } },
        PodResources: { fields: { name: text(1), namespace: text(2), containers: many("ContainerResources", 3) } },
        ContainerResources: {
          fields: { name: text(1), devices: many("ContainerDevices", 2), cpuIds: many("int64", 3) },
        },
        ContainerDevices: {
          fields: { resourceName: text(1), deviceIds: many("string", 2), topology: { type: "TopologyInfo", id: 3 } },
        },
        TopologyInfo: { fields: { nodes: many("NUMANode", 1) } },
        NUMANode: { fields: { ID: number(1) } },
      },
    },
  },
};
