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
import {
  type Allocation,
  POD_RESOURCES_LISTER,
  POD_RESOURCES_V1,
} from "../../../../reconciler/agent/usage/pod-resources.js";

/** Plays the kubelet on its pod-resources socket. */
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
    const service = fromJSON(POD_RESOURCES_V1)[POD_RESOURCES_LISTER] as ServiceDefinition;
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

function podResources({ namespace, pod, resource, ids }: Allocation) {
  return {
    name: pod,
    namespace,
    containers: [{ name: "main", devices: [{ resourceName: resource, deviceIds: ids }] }],
  };
}
