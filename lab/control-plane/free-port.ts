import { randomInt } from "node:crypto";
import { createServer } from "node:net";

/**
 * A TCP port on loopback where nobody listens. Below the range that systems take clients' ports from: a client that
 * tries again and again to reach a server which is down for a while would otherwise end up connected to itself.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(20_000, 32_000);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () => server.close(() => resolve(true)));
  });
}
