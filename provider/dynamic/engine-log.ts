import type { ChannelCredentials } from "@grpc/grpc-js";
import { createRequire } from "node:module";
import type { ResourceLog } from "../core/resource.js";

/**
 * Lines on a resource's own row and among its diagnostics, by the engine's Log RPC. A dynamic provider's stdout would
 * land in the stack's diagnostics, where nobody can tell which resource spoke.
 *
 * Pulumi starts a provider process with the engine's address as its first argument (`@pulumi/pulumi`, cmd/dynamic-provider).
 */
export function engineLog(urn: string): ResourceLog {
  return {
    inform: (message) => send(urn, "INFO", message, false),
    warn: (message) => send(urn, "WARNING", message, false),
    status: (message) => send(urn, "INFO", message, true),
  };
}

type Severity = "INFO" | "WARNING";

/** The parts used of the SDK's generated stubs, which carry no types of their own for this. */
interface EngineStubs {
  readonly EngineClient: new (address: string, credentials: ChannelCredentials) => EngineClient;
}
interface EngineClient {
  log(request: unknown, callback: (error: Error | null) => void): void;
}
interface MessageStubs {
  readonly LogRequest: new () => LogRequest;
  readonly LogSeverity: Readonly<Record<Severity, number>>;
}
interface LogRequest {
  setSeverity(severity: number): void;
  setMessage(message: string): void;
  setUrn(urn: string): void;
  setEphemeral(ephemeral: boolean): void;
}

interface Grpc {
  readonly credentials: { createInsecure(): ChannelCredentials };
}

let engine: EngineClient | undefined;
let delivered: Promise<undefined> = Promise.resolve(undefined);

/** Resolves when the engine has every line so far. It ends this process soon after the last operation has returned. */
export async function linesDelivered(): Promise<void> {
  await delivered;
}

function send(urn: string, severity: Severity, message: string, ephemeral: boolean): void {
  const address = process.argv[2];
  // An imported resource is not told what it is called until an up has seen it: what it says stands with the stack's lines
  // then, where a word of what goes on would be out of place.
  if (address === undefined || (urn === "" && ephemeral)) return;
  const { LogRequest, LogSeverity } = fromSdk("@pulumi/pulumi/proto/engine_pb.js") as MessageStubs;
  engine ??= openEngine(address);
  const request = new LogRequest();
  request.setSeverity(LogSeverity[severity]);
  request.setMessage(message);
  if (urn !== "") request.setUrn(urn);
  request.setEphemeral(ephemeral);
  delivered = deliveredAfter(delivered, engine, request);
}

/** The engine takes calls side by side: of two at once the older may come last, and its words stay on the row. */
async function deliveredAfter(before: Promise<unknown>, engine: EngineClient, request: LogRequest): Promise<undefined> {
  await before;
  const { promise, resolve } = Promise.withResolvers<undefined>();
  // A line that the engine does not take is no reason to fail the work it is about.
  engine.log(request, () => resolve(undefined));
  return promise;
}

function openEngine(address: string): EngineClient {
  const { EngineClient } = fromSdk("@pulumi/pulumi/proto/engine_grpc_pb.js") as EngineStubs;
  const { credentials } = fromSdk("@grpc/grpc-js") as Grpc;
  return new EngineClient(address, credentials.createInsecure());
}

/** As Pulumi's SDK itself would load it: its stubs take credentials of its own copy of gRPC only. */
function fromSdk(module: string): unknown {
  const sdk = createRequire(__filename).resolve("@pulumi/pulumi");
  return createRequire(sdk)(module);
}
