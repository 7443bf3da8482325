import { createServer, connect, type AddressInfo, type Server, type Socket } from "node:net";

/** A wire between clients and one server on loopback that can be cut, held, and looked at. */
export class TcpProxy {
  /** The most connections that were open at once since the start. */
  mostOpen = 0;
  /** Connections since the start. */
  accepted = 0;
  private readonly pairs = new Map<Socket, Socket>();
  private down = false;
  private held = false;

  private constructor(private readonly listener: Server) {}

  /** @param server such as `https://127.0.0.1:6443` */
  static async to(server: string): Promise<TcpProxy> {
    const port = Number(new URL(server).port);
    const listener = createServer((client) => proxy.accept(client, port));
    const proxy = new TcpProxy(listener);
    await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get address(): string {
    return `https://127.0.0.1:${(this.listener.address() as AddressInfo).port}`;
  }

  /** Breaks all connections; new ones come through. Says how many there were. */
  cut(): number {
    const cut = this.pairs.size;
    for (const [client, server] of this.pairs) {
      client.resetAndDestroy();
      server.destroy();
    }
    return cut;
  }

  /** Breaks the connections of now when something comes by them, as where their other end has forgotten them. */
  cutOnceUsed(): void {
    for (const [client, server] of this.pairs) {
      client.unpipe(server);
      client.once("data", () => client.resetAndDestroy()).resume();
    }
  }

  /** Breaks all connections, and new ones as soon as they are made, until {@link mend}. */
  takeDown(): void {
    this.down = true;
    this.cut();
  }

  /** Lets nothing through from now on, and breaks nothing. */
  hold(): void {
    this.held = true;
    for (const [client, server] of this.pairs) {
      client.pause();
      server.pause();
    }
  }

  /** Ends {@link hold}: what was held comes through. */
  letGo(): void {
    this.held = false;
    for (const [client, server] of this.pairs) {
      if (client.listenerCount("data") === 0) client.pipe(server).pipe(client);
      client.resume();
      server.resume();
    }
  }

  mend(): void {
    this.down = false;
  }

  close(): void {
    this.takeDown();
    this.listener.close();
  }

  private accept(client: Socket, port: number): void {
    client.on("error", () => undefined);
    if (this.down) {
      client.resetAndDestroy();
      return;
    }
    const server = connect(port, "127.0.0.1");
    server.on("error", () => client.destroy());
    this.pairs.set(client, server);
    this.accepted++;
    this.mostOpen = Math.max(this.mostOpen, this.pairs.size);
    client.on("close", () => {
      this.pairs.delete(client);
      server.destroy();
    });
    server.on("close", () => client.destroy());
    if (!this.held) client.pipe(server).pipe(client);
  }
}

/** A kubeconfig's text for the same cluster by way of another address, which its certificate need not name. */
export function byWayOf(address: string, kubeconfig: string): string {
  return kubeconfig.replace(/https:\/\/127\.0\.0\.1:\d+/, address);
}
