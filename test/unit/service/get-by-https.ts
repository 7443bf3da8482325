import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import https from "node:https";
import { TLSSocket } from "node:tls";
import { text } from "node:stream/consumers";

export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers: IncomingMessage["headers"];
  /** Of the certificate that the server showed, which is not checked. */
  readonly fingerprint: string;
}

export async function getByHttps(
  port: number,
  path: string,
  token?: string,
  method = "GET",
  host = "localhost",
): Promise<Answer> {
  const headers = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  const request = https.request({ host, port, path, method, headers, rejectUnauthorized: false, agent: false });
  request.end();
  const [response] = (await once(request, "response")) as [IncomingMessage];
  const { statusCode = 0, headers: answered, socket } = response;
  const fingerprint = socket instanceof TLSSocket ? socket.getPeerCertificate().fingerprint256 : "";
  return { status: statusCode, body: await text(response), headers: answered, fingerprint };
}
