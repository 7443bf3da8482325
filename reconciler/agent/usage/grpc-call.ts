import { connect, constants, type ClientHttp2Session, type IncomingHttpHeaders } from "node:http2";
import { connect as connectSocket } from "node:net";

/** Where one gRPC method of a server on this machine is, and how long and how large its answer may be. */
export interface GrpcCall {
  /** Path of the server's Unix socket. */
  readonly socket: string;
  /** `/package.Service/Method`. */
  readonly path: string;
  readonly deadlineMs: number;
  readonly maxAnswerBytes: number;
}

/** The server's answer was an error, or there was none: gRPC's status in words. */
export class GrpcError extends Error {
  override readonly name = "GrpcError";
}

/**
 * One call with an empty request, over a connection of its own; resolves with the answer's message in protobuf's form.
 * What of gRPC such a call takes is little HTTP/2, which Node has: the usual library costs an agent 30 MB of memory.
 *
 * @throws {GrpcError | Error}
 */
export async function callGrpc(call: GrpcCall): Promise<Buffer> {
  const session = connect("http://localhost", { createConnection: () => connectSocket(call.socket) });
  const timer = setTimeout(
    () => session.destroy(new GrpcError(`no answer within ${call.deadlineMs / 1_000} s`)),
    call.deadlineMs,
  );
  try {
    return messageIn(await answerOf(session, call));
  } finally {
    clearTimeout(timer);
    session.destroy();
  }
}

function answerOf(session: ClientHttp2Session, { path, maxAnswerBytes }: GrpcCall): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    session.on("error", reject);
    const stream = session.request({
      [constants.HTTP2_HEADER_METHOD]: "POST",
      [constants.HTTP2_HEADER_PATH]: path,
      [constants.HTTP2_HEADER_CONTENT_TYPE]: "application/grpc",
      [constants.HTTP2_HEADER_TE]: "trailers",
    });
    const chunks: Buffer[] = [];
    let size = 0;
    let status: Status = {};
    // An answer without a message has its status where the headers are.
    stream.on("response", (headers) => (status = statusIn(headers, status)));
    stream.on("trailers", (trailers: IncomingHttpHeaders) => (status = statusIn(trailers, status)));
    stream.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      size += chunk.length;
      if (size > maxAnswerBytes) stream.destroy(new GrpcError(`the answer is larger than ${maxAnswerBytes} bytes`));
    });
    // A stream that ends with its session says only that; the session's error says why.
    stream.on("error", (error: Error) => reject(error.cause instanceof Error ? error.cause : error));
    stream.on("close", () => {
      const { code, message } = status;
      if (code === "0") resolve(Buffer.concat(chunks));
      else
        reject(
          new GrpcError(
            code === undefined ? "the connection ended before the answer did" : `status ${code}: ${message ?? ""}`,
          ),
        );
    });
    stream.end(EMPTY_MESSAGE);
  });
}

interface Status {
  readonly code?: string;
  readonly message?: string;
}

function statusIn(headers: IncomingHttpHeaders, known: Status): Status {
  const code = headers["grpc-status"];
  const message = headers["grpc-message"];
  if (typeof code !== "string") return known;
  return { code, ...(typeof message === "string" && { message: decoded(message) }) };
}

/** gRPC has percent signs encoded. This runs where an error thrown would end the process. */
function decoded(message: string): string {
  try {
    return decodeURIComponent(message);
  } catch {
    return message;
  }
}

/** Before each message: whether it is compressed, and its length. */
const PREFIX_BYTES = 5;
const EMPTY_MESSAGE = Buffer.alloc(PREFIX_BYTES);

function messageIn(answer: Buffer): Buffer {
  if (answer.length < PREFIX_BYTES) throw new GrpcError("the answer has no message");
  if (answer[0] !== 0) throw new GrpcError("the answer is compressed, though nobody asked for that");
  return answer.subarray(PREFIX_BYTES, PREFIX_BYTES + answer.readUInt32BE(1));
}
