import { credentials, type ServiceError } from "@grpc/grpc-js";
import { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import * as proto from "@pulumi/pulumi/proto/provider_pb.js";
import { Status } from "@pulumi/pulumi/proto/status_pb.js";
import { Empty } from "google-protobuf/google/protobuf/empty_pb.js";
import { kill, runSdkScript, type NodeProcess } from "./node-process.js";
import { InitFailed, type DiffRequest, type Existing, type Provider, type ReadResult } from "./provider.js";
import { fromStruct, toStruct } from "./struct.js";
import { markSecrets, plain, type Properties } from "./values.js";
import { parseUrn } from "./urn.js";

export interface DynamicProviderOptions {
  /** Where `require` in the provider's code resolves from. */
  folder: string;
  engineAddress: string;
  project: string;
  stack: string;
  config: Properties;
  /** Gets what the process prints. */
  output: (stream: "stdout" | "stderr", text: string) => void;
}

const channel = { "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 };
const { DIFF_NONE, DIFF_SOME } = proto.DiffResponse.DiffChanges;

/** Starts the SDK's `cmd/dynamic-provider` and speaks to it. */
export async function startDynamicProvider(options: DynamicProviderOptions): Promise<Provider> {
  const child = runSdkScript("cmd/dynamic-provider", options.folder, [options.engineAddress], {
    PULUMI_NODEJS_PROJECT: options.project,
    PULUMI_NODEJS_STACK: options.stack,
  });
  const port = await firstLine(child, options.output);
  const client = new ResourceProviderClient(`127.0.0.1:${port}`, credentials.createInsecure(), channel);
  const request = new proto.ConfigureRequest();
  request.setArgs(toStruct(plain(options.config)));
  request.setAcceptsecrets(true);
  request.setAcceptresources(true);
  await call((done) => client.configure(request, done));
  return new DynamicProvider(client, child);
}

class DynamicProvider implements Provider {
  constructor(
    private readonly client: ResourceProviderClient,
    private readonly child: NodeProcess,
  ) {}

  async check(urn: string, olds: Properties | undefined, news: Properties) {
    const request = new proto.CheckRequest();
    identify(request, urn);
    request.setOlds(toStruct(plain(olds ?? {})));
    request.setNews(toStruct(plain(news)));
    const response = await call<proto.CheckResponse>((done) => this.client.check(request, done));
    return {
      inputs: markSecrets(fromStruct(response.getInputs()), news),
      failures: response
        .getFailuresList()
        .map((failure) => ({ property: failure.getProperty(), reason: failure.getReason() })),
    };
  }

  async diff({ urn, id, oldInputs, oldOutputs, newInputs, ignoreChanges }: DiffRequest) {
    const request = new proto.DiffRequest();
    identify(request, urn);
    request.setId(id);
    request.setOlds(toStruct(plain(oldOutputs)));
    request.setOldInputs(toStruct(plain(oldInputs)));
    request.setNews(toStruct(plain(newInputs)));
    request.setIgnorechangesList(ignoreChanges);
    const response = await call<proto.DiffResponse>((done) => this.client.diff(request, done));
    const changes = response.getChanges();
    return {
      changes: changes === DIFF_SOME ? "some" : changes === DIFF_NONE ? "none" : "unknown",
      replaces: response.getReplacesList(),
      deleteBeforeReplace: response.getDeletebeforereplace(),
      diffs: response.getDiffsList(),
      detailedDiff: undefined,
    } as const;
  }

  async create(urn: string, inputs: Properties, timeout: number) {
    const request = new proto.CreateRequest();
    identify(request, urn);
    request.setProperties(toStruct(plain(inputs)));
    request.setTimeout(timeout);
    const response = await call<proto.CreateResponse>((done) => this.client.create(request, done), inputs);
    return { id: response.getId(), outputs: markSecrets(fromStruct(response.getProperties()), inputs) };
  }

  async read({ urn, id, inputs, outputs, timeout }: Existing): Promise<ReadResult> {
    const request = new proto.ReadRequest();
    identify(request, urn);
    request.setId(id);
    request.setProperties(toStruct(plain(outputs)));
    request.setInputs(toStruct(plain(inputs)));
    request.setTimeout(timeout);
    const response = await call<proto.ReadResponse>((done) => this.client.read(request, done), inputs);
    return {
      id: response.getId(),
      inputs: response.hasInputs() ? markSecrets(fromStruct(response.getInputs()), inputs) : undefined,
      outputs: markSecrets(fromStruct(response.getProperties()), outputs),
    };
  }

  async update({ urn, id, inputs, outputs, timeout }: Existing, newInputs: Properties, ignoreChanges: string[]) {
    const request = new proto.UpdateRequest();
    identify(request, urn);
    request.setId(id);
    request.setOlds(toStruct(plain(outputs)));
    request.setOldInputs(toStruct(plain(inputs)));
    request.setNews(toStruct(plain(newInputs)));
    request.setTimeout(timeout);
    request.setIgnorechangesList(ignoreChanges);
    const response = await call<proto.UpdateResponse>((done) => this.client.update(request, done), newInputs);
    return markSecrets(fromStruct(response.getProperties()), newInputs);
  }

  async delete({ urn, id, inputs, outputs, timeout }: Existing): Promise<void> {
    const request = new proto.DeleteRequest();
    identify(request, urn);
    request.setId(id);
    request.setProperties(toStruct(plain(outputs)));
    request.setOldInputs(toStruct(plain(inputs)));
    request.setTimeout(timeout);
    await call<Empty>((done) => this.client.delete(request, done));
  }

  cancel(): void {
    this.client.cancel(new Empty(), () => undefined);
  }

  async stop(): Promise<void> {
    this.client.close();
    await kill(this.child);
  }
}

interface Identified {
  setUrn(urn: string): unknown;
  setName(name: string): unknown;
  setType(type: string): unknown;
}

function identify(request: Identified, urn: string): void {
  const { name, type } = parseUrn(urn);
  request.setUrn(urn);
  request.setName(name);
  request.setType(type);
}

function call<T>(start: (done: (error: ServiceError | null, response: T) => void) => void, inputs: Properties = {}) {
  return new Promise<T>((resolve, reject) => {
    start((error, response) => (error ? reject(explain(error, inputs)) : resolve(response)));
  });
}

/** The provider packs a partial failure into the status details of its error. */
function explain(error: ServiceError, inputs: Properties): Error {
  const [packed] = error.metadata.get("grpc-status-details-bin");
  const detail =
    packed instanceof Buffer
      ? Status.deserializeBinary(packed)
          .getDetailsList()
          .map((any) =>
            any.unpack(
              (bytes) => proto.ErrorResourceInitFailed.deserializeBinary(bytes),
              "pulumirpc.ErrorResourceInitFailed",
            ),
          )[0]
      : undefined;
  if (!detail) return new Error(error.details, { cause: error });
  return new InitFailed(
    detail.getId(),
    markSecrets(fromStruct(detail.getProperties()), inputs),
    detail.getReasonsList(),
    detail.hasInputs() ? fromStruct(detail.getInputs()) : undefined,
    { cause: error },
  );
}

/** The first line of a provider's output is its port; what follows is the provider's own talk. */
function firstLine(child: NodeProcess, output: DynamicProviderOptions["output"]): Promise<number> {
  return new Promise((resolve, reject) => {
    let head = "";
    let errors = "";
    let started = false;
    child.on("error", reject);
    child.on("exit", (code, signal) => {
      if (!started) reject(new Error(`the dynamic provider ended at once (${signal ?? code ?? "?"}): ${errors}`));
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      if (!started) errors += text;
      output("stderr", text);
    });
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      if (started) {
        output("stdout", text);
        return;
      }
      head += text;
      const end = head.indexOf("\n");
      if (end < 0) return;
      started = true;
      resolve(Number(head.slice(0, end)));
      if (head.length > end + 1) output("stdout", head.slice(end + 1));
    });
  });
}
