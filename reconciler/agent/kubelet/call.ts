import { Client, credentials, type MethodDefinition, type ServiceError, status } from "@grpc/grpc-js";

/** Where a server on this machine listens, and how long and how large its answer may be. */
export interface CallOptions {
  /** Path of the server's Unix socket. */
  readonly socket: string;
  readonly deadlineMs: number;
  /** Default 4 MiB. */
  readonly maxAnswerBytes?: number;
}

/** The server's answer was an error, or there was none: gRPC's status in words. */
export class GrpcError extends Error {
  override readonly name = "GrpcError";
}

/**
 * One call over a connection of its own.
 *
 * @throws {GrpcError}
 */
export async function call<Request, Answer>(
  method: MethodDefinition<Request, Answer>,
  request: Request,
  { socket, deadlineMs, maxAnswerBytes = 4 * 1024 * 1024 }: CallOptions,
): Promise<Answer> {
  const client = new Client(`unix:${socket}`, credentials.createInsecure(), {
    "grpc.max_receive_message_length": maxAnswerBytes,
    // Connections that are shared wait longer and longer before they are tried again, also where a new server has come.
    "grpc.use_local_subchannel_pool": 1,
  });
  const { path, requestSerialize, responseDeserialize } = method;
  try {
    return await new Promise<Answer>((resolve, reject) => {
      const options = { deadline: Date.now() + deadlineMs };
      client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, options, (error, answer) => {
        if (error) reject(new GrpcError(inWords(error, deadlineMs), { cause: error }));
        else if (answer === undefined) reject(new GrpcError("the answer has no message"));
        else resolve(answer);
      });
    });
  } finally {
    client.close();
  }
}

function inWords({ code, details }: ServiceError, deadlineMs: number): string {
  if (code === status.DEADLINE_EXCEEDED) return `no answer within ${deadlineMs / 1_000} s`;
  const [, connecting = details] =
    /^No connection established\. Last error: (?:Error: )?(.*?)\.? Resolution note:/.exec(details) ?? [];
  return `${connecting} (${status[code]})`;
}
