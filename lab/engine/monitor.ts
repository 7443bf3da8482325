import { randomUUID } from "node:crypto";
import {
  Server,
  ServerCredentials,
  status,
  type sendUnaryData,
  type ServerUnaryCall,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { EngineService } from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import type { Callback } from "@pulumi/pulumi/proto/callback_pb.js";
import * as engine from "@pulumi/pulumi/proto/engine_pb.js";
import { ResourceMonitorService } from "@pulumi/pulumi/proto/resource_grpc_pb.js";
import * as proto from "@pulumi/pulumi/proto/resource_pb.js";
import { Empty } from "google-protobuf/google/protobuf/empty_pb.js";
import { messageOf, Reported } from "./engine-error.js";
import type { Severity } from "./events.js";
import type { Goal, Registered } from "./goal.js";
import { goalOf } from "./registration-request.js";
import { fromStruct, toStruct } from "./struct.js";
import { Transforms } from "./transforms.js";
import { withoutOutputValues, type Properties } from "./values.js";

export interface ReadRequest {
  type: string;
  name: string;
  id: string;
  parent: string;
  provider: string;
  version: string;
  inputs: Properties;
  dependencies: string[];
  additionalSecretOutputs: string[];
}

/** What the program and the providers may ask of the engine. */
export interface MonitorHandlers {
  /** A goal that cannot be read fails the operation, whatever the program makes of the answer. */
  register(readGoal: () => Promise<Goal>): Promise<Registered>;
  registerOutputs(urn: string, outputs: Properties): Promise<void>;
  read(request: ReadRequest): Promise<{ urn: string; outputs: Properties }>;
  invoke(token: string, args: Properties): Promise<Properties>;
  log(severity: Severity, message: string, urn: string, streamId: number, ephemeral: boolean): void;
  /** The program has registered everything; resolves when the operation has ended. */
  programFinished(): Promise<void>;
}

export interface Monitor {
  address: string;
  /** From now on these answer. */
  serve(handlers: MonitorHandlers): void;
  stop(): void;
}

const {
  RESOURCE_MONITOR_FEATURE_SECRETS,
  RESOURCE_MONITOR_FEATURE_RESOURCE_REFERENCES,
  RESOURCE_MONITOR_FEATURE_OUTPUT_VALUES,
  RESOURCE_MONITOR_FEATURE_ALIAS_SPECS,
  RESOURCE_MONITOR_FEATURE_DELETED_WITH,
  RESOURCE_MONITOR_FEATURE_TRANSFORMS,
} = proto.ResourceMonitorFeature;

const features = [
  RESOURCE_MONITOR_FEATURE_SECRETS,
  RESOURCE_MONITOR_FEATURE_RESOURCE_REFERENCES,
  RESOURCE_MONITOR_FEATURE_OUTPUT_VALUES,
  RESOURCE_MONITOR_FEATURE_ALIAS_SPECS,
  RESOURCE_MONITOR_FEATURE_DELETED_WITH,
  RESOURCE_MONITOR_FEATURE_TRANSFORMS,
];
const featureNames = new Set([
  ...["secrets", "resourceReferences", "outputValues", "aliasSpecs", "deletedWith", "transforms"],
]);

/** Serves the SDK's ResourceMonitor and Engine on one loopback port. */
export async function startMonitor(): Promise<Monitor> {
  const current: Current = { handlers: undefined };
  const transforms = new Transforms();
  const server = new Server({ "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 });
  server.addService(ResourceMonitorService, resourceMonitor(current, transforms));
  server.addService(EngineService, engineService(current));
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return {
    address: `127.0.0.1:${port}`,
    serve: (handlers) => (current.handlers = handlers),
    stop: () => {
      server.forceShutdown();
      transforms.stop();
    },
  };
}

interface Current {
  handlers: MonitorHandlers | undefined;
}

function serving({ handlers }: Current): MonitorHandlers {
  if (!handlers) throw new Error("the engine is not ready yet");
  return handlers;
}

function resourceMonitor(current: Current, transforms: Transforms): UntypedServiceImplementation {
  return {
    getDeploymentInfo: unary(() => {
      const info = new proto.DeploymentInfo();
      info.setSupportedfeaturesList(features);
      return Promise.resolve(info);
    }),
    supportsFeature: unary((request: proto.SupportsFeatureRequest) => {
      const response = new proto.SupportsFeatureResponse();
      response.setHassupport(featureNames.has(request.getId()));
      return Promise.resolve(response);
    }),
    registerResource: unary(async (request: proto.RegisterResourceRequest) => {
      // Beside the planning of others, which a transform may wait for.
      const transformed = transforms.apply(request);
      await Promise.allSettled([transformed]);
      const { state, unknown } = await serving(current).register(async () => {
        await transformed;
        if (request.getRemote()) throw new Error(`${request.getType()}: components from plugins are not supported`);
        return goalOf(request);
      });
      transforms.registered(state.urn, request);
      const response = new proto.RegisterResourceResponse();
      response.setUrn(state.urn);
      response.setId(state.id ?? "");
      response.setObject(toStruct(state.outputs ?? {}));
      response.setUnknown(unknown);
      return response;
    }),
    registerResourceOutputs: unary(async (request: proto.RegisterResourceOutputsRequest) => {
      await serving(current).registerOutputs(request.getUrn(), withoutOutputValues(fromStruct(request.getOutputs())));
      return new Empty();
    }),
    readResource: unary(async (request: proto.ReadResourceRequest) => {
      const { urn, outputs } = await serving(current).read({
        ...{ type: request.getType(), name: request.getName(), id: request.getId(), parent: request.getParent() },
        ...{ provider: request.getProvider(), version: request.getVersion() },
        inputs: withoutOutputValues(fromStruct(request.getProperties())),
        dependencies: request.getDependenciesList(),
        additionalSecretOutputs: request.getAdditionalsecretoutputsList(),
      });
      const response = new proto.ReadResourceResponse();
      response.setUrn(urn);
      response.setProperties(toStruct(outputs));
      return response;
    }),
    invoke: unary(async (request: proto.ResourceInvokeRequest) => {
      const response = new proto.ResourceInvokeResponse();
      response.setReturn(
        toStruct(await serving(current).invoke(request.getTok(), withoutOutputValues(fromStruct(request.getArgs())))),
      );
      return response;
    }),
    registerPackage: unary(() => {
      const response = new proto.RegisterPackageResponse();
      response.setRef(randomUUID());
      return Promise.resolve(response);
    }),
    signalAndWaitForShutdown: unary(async () => {
      await serving(current).programFinished();
      return new Empty();
    }),
    call: unsupported("calls of component methods"),
    existsResource: unsupported("exists"),
    registerStackTransform: unary((callback: Callback) => {
      transforms.addToStack(callback);
      return Promise.resolve(new Empty());
    }),
    registerStackInvokeTransform: unsupported("invoke transforms"),
    registerResourceHook: unsupported("resource hooks"),
    registerErrorHook: unsupported("error hooks"),
  };
}

function engineService(current: Current): UntypedServiceImplementation {
  let root = "";
  return {
    log: unary((request: engine.LogRequest) => {
      const severity = severities[request.getSeverity()] ?? "info";
      const [message, urn] = [request.getMessage(), request.getUrn()];
      serving(current).log(severity, message, urn, request.getStreamid(), request.getEphemeral());
      return Promise.resolve(new Empty());
    }),
    getRootResource: unary(() => {
      const response = new engine.GetRootResourceResponse();
      response.setUrn(root);
      return Promise.resolve(response);
    }),
    setRootResource: unary((request: engine.SetRootResourceRequest) => {
      root = request.getUrn();
      return Promise.resolve(new engine.SetRootResourceResponse());
    }),
    startDebugging: unsupported("debugging"),
    requirePulumiVersion: unary(() => Promise.resolve(new engine.RequirePulumiVersionResponse())),
  };
}

const severities: Record<number, Severity> = {
  [engine.LogSeverity.DEBUG]: "debug",
  [engine.LogSeverity.INFO]: "info",
  [engine.LogSeverity.WARNING]: "warning",
  [engine.LogSeverity.ERROR]: "error",
};

/**
 * Answers with what the handler promises. Once the operation has failed the answer is "unavailable", which the SDK takes
 * for "stop here, all has been said".
 */
function unary<Request, Response>(handle: (request: Request) => Promise<Response>) {
  return (call: ServerUnaryCall<Request, Response>, answer: sendUnaryData<Response>): void => {
    handle(call.request).then(
      (response) => answer(null, response),
      (error: unknown) => {
        const code = error instanceof Reported ? status.UNAVAILABLE : status.UNKNOWN;
        answer({ code, details: messageOf(error) });
      },
    );
  };
}

function unsupported(what: string) {
  return unary<unknown, unknown>(() => Promise.reject(new Error(`this stand-in engine does not support ${what}`)));
}
