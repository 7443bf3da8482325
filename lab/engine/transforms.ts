import { credentials } from "@grpc/grpc-js";
import { CallbacksClient } from "@pulumi/pulumi/proto/callback_grpc_pb.js";
import { CallbackInvokeRequest, type Callback } from "@pulumi/pulumi/proto/callback_pb.js";
import {
  TransformRequest,
  TransformResourceOptions,
  TransformResponse,
  type RegisterResourceRequest,
} from "@pulumi/pulumi/proto/resource_pb.js";

/** The resource option `transforms`: functions of the program that change a resource on its way to the engine. */
export class Transforms {
  /** Of the resource with this URN, and of all below it. */
  private readonly own = new Map<string, readonly Callback[]>();
  private readonly parents = new Map<string, string>();
  private readonly ofStack: Callback[] = [];
  private readonly clients = new Map<string, CallbacksClient>();

  addToStack(callback: Callback): void {
    this.ofStack.push(callback);
  }

  /** Changes the request: by the resource's own transforms, then by its parent's and so on upward, then by the stack's. */
  async apply(request: RegisterResourceRequest): Promise<void> {
    const inherited: Callback[] = [];
    for (let urn = request.getParent(); urn !== ""; urn = this.parents.get(urn) ?? "") {
      inherited.push(...(this.own.get(urn) ?? []));
    }
    for (const callback of [...request.getTransformsList(), ...inherited, ...this.ofStack]) {
      await this.invoke(callback, request);
    }
  }

  /** From now on resources below this one inherit its transforms. */
  registered(urn: string, request: RegisterResourceRequest): void {
    this.own.set(urn, request.getTransformsList());
    this.parents.set(urn, request.getParent());
  }

  stop(): void {
    for (const client of this.clients.values()) client.close();
  }

  private async invoke(callback: Callback, request: RegisterResourceRequest): Promise<void> {
    const question = new TransformRequest();
    question.setName(request.getName());
    question.setType(request.getType());
    question.setCustom(request.getCustom());
    question.setParent(request.getParent());
    question.setProperties(request.getObject());
    question.setOptions(optionsOf(request));
    const call = new CallbackInvokeRequest();
    call.setToken(callback.getToken());
    call.setRequest(question.serializeBinary());
    const client = this.clientOf(callback.getTarget());
    const bytes = await new Promise<Uint8Array>((resolve, reject) => {
      client.invoke(call, (error, response) => {
        if (error) reject(new Error(`invoke transform: ${error.details}`));
        else resolve(response.getResponse_asU8());
      });
    });
    const answer = TransformResponse.deserializeBinary(bytes);
    if (answer.hasProperties()) request.setObject(answer.getProperties());
    const options = answer.getOptions();
    if (options) takeOptions(request, options);
  }

  private clientOf(target: string): CallbacksClient {
    const known = this.clients.get(target);
    if (known) return known;
    const unlimited = { "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 };
    const client = new CallbacksClient(target, credentials.createInsecure(), unlimited);
    this.clients.set(target, client);
    return client;
  }
}

function optionsOf(request: RegisterResourceRequest): TransformResourceOptions {
  const options = new TransformResourceOptions();
  options.setDependsOnList(request.getDependenciesList());
  if (request.hasProtect()) options.setProtect(request.getProtect() ?? false);
  options.setIgnoreChangesList(request.getIgnorechangesList());
  options.setReplaceOnChangesList(request.getReplaceonchangesList());
  options.setVersion(request.getVersion());
  options.setAliasesList(request.getAliasesList());
  options.setProvider(request.getProvider());
  for (const [name, reference] of request.getProvidersMap().entries()) options.getProvidersMap().set(name, reference);
  options.setCustomTimeouts(request.getCustomtimeouts());
  if (request.hasRetainondelete()) options.setRetainOnDelete(request.getRetainondelete() ?? false);
  options.setDeletedWith(request.getDeletedwith());
  if (request.getDeletebeforereplacedefined()) options.setDeleteBeforeReplace(request.getDeletebeforereplace());
  options.setAdditionalSecretOutputsList(request.getAdditionalsecretoutputsList());
  options.setImport(request.getImportid());
  return options;
}

function takeOptions(request: RegisterResourceRequest, options: TransformResourceOptions): void {
  request.setDependenciesList(options.getDependsOnList());
  if (options.hasProtect()) request.setProtect(options.getProtect() ?? false);
  request.setIgnorechangesList(options.getIgnoreChangesList());
  request.setReplaceonchangesList(options.getReplaceOnChangesList());
  request.setVersion(options.getVersion());
  request.setAliasesList(options.getAliasesList());
  request.setProvider(options.getProvider());
  request.setCustomtimeouts(options.getCustomTimeouts());
  if (options.hasRetainOnDelete()) request.setRetainondelete(options.getRetainOnDelete() ?? false);
  request.setDeletedwith(options.getDeletedWith());
  request.setDeletebeforereplacedefined(options.hasDeleteBeforeReplace());
  request.setDeletebeforereplace(options.getDeleteBeforeReplace() ?? false);
  request.setAdditionalsecretoutputsList(options.getAdditionalSecretOutputsList());
  request.setImportid(options.getImport());
}
