import type { ServerResponse } from "node:http";

/** Answers a request as a whole. `headers`: beside those that say what the body is. */
export function reply(
  response: ServerResponse,
  status: number,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  const own = { "Content-Type": "text/plain; charset=utf-8", "Content-Length": Buffer.byteLength(body) };
  response.writeHead(status, { ...own, ...headers }).end(body);
}
