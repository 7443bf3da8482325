import { buildSync } from "esbuild";
import { once } from "node:events";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { Connection } from "./connection.js";
import { RemoteKernel } from "./remote-kernel.js";

/** Writes the program that serves a guest's kernel as one file, since a guest has no node_modules. */
export function bundleKernelInGuest(outfile: string): void {
  const entryPoints = [join(__dirname, "kernel-in-guest.js")];
  buildSync({ entryPoints, outfile, bundle: true, platform: "node", target: "node24", logLevel: "warning" });
}

/** The host's end for the kernel of one guest, which is the one that connects: user-mode networking knows no way in. */
export class GuestKernelListener {
  private constructor(private readonly server: Server) {}

  /** On the host's loopback, which a guest finds at 10.0.2.2. */
  static async start(): Promise<GuestKernelListener> {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    return new GuestKernelListener(server);
  }

  /** Arguments for the program in the guest. */
  get programArgs(): readonly string[] {
    return ["10.0.2.2", String((this.server.address() as AddressInfo).port)];
  }

  /** Resolves when the program in the guest has connected. */
  async kernel(): Promise<RemoteKernel> {
    const [socket] = (await once(this.server, "connection")) as [Socket];
    return new RemoteKernel(
      new Connection({
        connect: () => socket,
        name: "The kernel in the guest",
        advice: "The guest's log says what became of its program (lab/nodes/remote/kernel-in-guest.ts).",
      }),
    );
  }

  close(): void {
    this.server.close();
  }
}
