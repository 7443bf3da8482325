import { randomInt } from "node:crypto";
import { createServer, type Server } from "node:net";

/** Addresses of one node and its pods: several nodes share this machine, and pods' ports are fixed. */
export interface NodeNetwork {
  readonly nodeAddress: string;
  /** One that no other pod of the node has. */
  take(): string;
  free(address: string): void;
}

/** As a kubelet's own. Whoever listens there has the network. */
const KUBELET_PORT = 10_250;
const ATTEMPTS = 20;

/**
 * A network of 256 addresses in 127.64.0.0/10 that nobody else on this machine has taken so, for as long as this process
 * lives. All of 127.0.0.0/8 is loopback on Linux; elsewhere most of these addresses are not there.
 */
export async function reserveNetwork(): Promise<NodeNetwork> {
  for (let attempt = 1; ; attempt++) {
    const prefix = `127.${randomInt(64, 128)}.${randomInt(0, 256)}`;
    const nodeAddress = `${prefix}.1`;
    const holder = await listen(nodeAddress);
    // Where a kubelet of this machine has the port on all addresses, chance alone must do.
    if (holder === undefined && attempt < ATTEMPTS) continue;
    const free = Array.from({ length: 253 }, (_, index) => `${prefix}.${index + 2}`);
    return {
      nodeAddress,
      take() {
        const address = free.shift();
        if (address === undefined) throw new Error(`all addresses of ${prefix}.0/24 are taken by pods`);
        return address;
      },
      // The longest unused is given out first, since an old process may be about to end.
      free: (address) => void free.push(address),
    };
  }
}

function listen(host: string): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy());
    server.once("error", () => resolve(undefined));
    server.listen({ host, port: KUBELET_PORT, exclusive: true }, () => resolve(server));
  });
}
