import type { ServiceDefinition } from "@grpc/grpc-js";
import { existsSync } from "node:fs";
import type { Logger } from "pino";
import { messageOf } from "../../../kube/errors.js";

/** Devices of one resource that the kubelet has given to a container of a pod. */
export interface Allocation {
  readonly namespace: string;
  readonly pod: string;
  /** Such as `intel.com/sriov_net`. */
  readonly resource: string;
  /** As the device plugin names its devices: mostly PCI addresses, for VFs. */
  readonly ids: readonly string[];
}

const DEADLINE_MS = 2_000;
/** As much as the kubelet itself allows for its answers. */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;

/**
 * What the kubelet's pod-resources socket (its API v1) says of the devices that pods were given. It tells nothing by
 * itself, so that it has to be asked. Where there is no socket, nothing is known and nothing is loaded.
 */
export class PodResources {
  private answer: readonly Allocation[] = [];
  private asking: Promise<void> | undefined;
  private failing = false;
  private answered = false;
  private askAgain = false;

  constructor(
    private readonly socket: string,
    private readonly log: Logger,
  ) {}

  /** By the last answer that there was. */
  list(): readonly Allocation[] {
    return this.answer;
  }

  /** Resolves once a question from after this call was answered. Never fails: an error is told once. */
  refresh(): Promise<void> {
    this.askAgain = true;
    this.asking ??= this.asks().finally(() => (this.asking = undefined));
    return this.asking;
  }

  private async asks(): Promise<void> {
    while (this.askAgain) {
      this.askAgain = false;
      await this.ask();
    }
  }

  private async ask(): Promise<void> {
    // A kubelet that has answered before is away for now, not absent.
    if (!this.answered && !existsSync(this.socket)) return;
    try {
      this.answer = allocationsIn(await listPodResources(this.socket));
      this.answered = true;
      this.failing = false;
    } catch (error) {
      if (!this.failing) {
        const kept = this.answered
          ? "its last answer counts until it answers again"
          : "its pods' devices are not known";
        this.log.warn({ err: error }, `the kubelet at ${this.socket} does not answer: ${messageOf(error)}; ${kept}`);
      }
      this.failing = true;
    }
  }
}

interface ListAnswer {
  readonly podResources?: readonly {
    readonly name: string;
    readonly namespace: string;
    readonly containers?: readonly {
      readonly devices?: readonly { readonly resourceName: string; readonly deviceIds?: readonly string[] }[];
    }[];
  }[];
}

function allocationsIn({ podResources = [] }: ListAnswer): Allocation[] {
  return podResources.flatMap(({ name, namespace, containers = [] }) =>
    containers.flatMap(({ devices = [] }) =>
      devices.map(({ resourceName, deviceIds = [] }) => ({
        namespace,
        pod: name,
        resource: resourceName,
        ids: deviceIds,
      })),
    ),
  );
}

interface PodResourcesLister {
  list(
    request: object,
    options: { readonly deadline: Date },
    done: (error: Error | null, answer?: ListAnswer) => void,
  ): unknown;
  close(): void;
}

/** Over a connection of its own, since one that is kept waits with growing pauses for a kubelet that was restarted. */
async function listPodResources(socket: string): Promise<ListAnswer> {
  const client = (await loadGrpc())(socket);
  const deadline = new Date(Date.now() + DEADLINE_MS);
  try {
    return await new Promise((resolve, reject) => {
      client.list({}, { deadline }, (error, answer) => (error ? reject(error) : resolve(answer ?? {})));
    });
  } finally {
    client.close();
  }
}

type Connect = (socket: string) => PodResourcesLister;
let loaded: Promise<Connect> | undefined;

/** Loaded at first use: gRPC takes megabytes, and a machine without a kubelet needs none of it. */
function loadGrpc(): Promise<Connect> {
  return (loaded ??= load());
}

async function load(): Promise<Connect> {
  const [grpc, { fromJSON }] = await Promise.all([import("@grpc/grpc-js"), import("@grpc/proto-loader")]);
  const service = fromJSON(POD_RESOURCES_V1)[POD_RESOURCES_LISTER] as ServiceDefinition;
  const Client = grpc.makeClientConstructor(service, POD_RESOURCES_LISTER);
  const credentials = grpc.credentials.createInsecure();
  const options = { "grpc.max_receive_message_length": MAX_ANSWER_BYTES };
  return (socket) => new Client(`unix:${socket}`, credentials, options) as unknown as PodResourcesLister;
}

export const POD_RESOURCES_LISTER = "v1.PodResourcesLister";

const text = (id: number) => ({ type: "string", id });
const many = (type: string, id: number) => ({ type, id, rule: "repeated" });

/** The part of the kubelet's API that is used here; the numbers are what goes over the wire. */
export const POD_RESOURCES_V1 = {
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
        ContainerResources: { fields: { name: text(1), devices: many("ContainerDevices", 2) } },
        ContainerDevices: { fields: { resourceName: text(1), deviceIds: many("string", 2) } },
      },
    },
  },
};
