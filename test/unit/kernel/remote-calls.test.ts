import { expect } from "chai";
import { once } from "node:events";
import { createServer, createConnection, type AddressInfo, type Server } from "node:net";
import { Connection } from "../../../lab/nodes/remote/connection.js";
import { serveCalls } from "../../../lab/nodes/remote/serve.js";
import { KernelError } from "../../../reconciler/kernel/kernel.js";

/** What the other end has. */
class Target {
  #calls = 0;

  give(value: unknown): unknown {
    return value;
  }

  typeOf(value: unknown, ...more: readonly unknown[]): string {
    return `${typeof value} ${more.length}`;
  }

  fail(kind: string): never {
    if (kind === "kernel") throw new KernelError("EBUSY", "/sys/a", "write 6");
    throw kind === "type" ? new TypeError("no address") : new Error("no NIC");
  }

  count(): Promise<number> {
    return Promise.resolve(++this.#calls);
  }
}

describe("calls over a connection", () => {
  let server: Server;
  let connection: Connection;

  before(async () => {
    const target = new Target();
    server = createServer((socket) => serveCalls(target, socket)).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const connect = () => createConnection({ host: "127.0.0.1", port });
    connection = new Connection({ connect, name: "The kernel", advice: "Is it there?" });
  });
  after(() => {
    connection.close();
    server.close();
  });

  const call = (method: string, ...params: unknown[]): Promise<unknown> => connection.request(method, params);

  for (const value of [4, NaN, Infinity, undefined, "mgmt-br\nä", true, { eth0: ["10.0.0.1"] }, []]) {
    it(`carry ${typeof value === "object" ? JSON.stringify(value) : String(value)} there and back`, async () => {
      expect(await call("give", value)).to.deep.equal(value);
    });
  }

  it("carry undefined as such, and what comes after it", async () => {
    expect(await call("typeOf", undefined, 1)).to.equal("undefined 1");
  });

  it("carry errors of the kernel inside a result", async () => {
    const snapshot = { unreadable: [{ error: new KernelError("EIO", "/sys/b", "read") }] };
    const { unreadable } = (await call("give", snapshot)) as typeof snapshot;
    expect(unreadable[0]?.error)
      .to.be.instanceOf(KernelError)
      .and.to.include({ code: "EIO", path: "/sys/b", operation: "read" });
  });

  it("reject with the kernel's own error", async () => {
    const error = await call("fail", "kernel").catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(KernelError).and.to.include({ code: "EBUSY", path: "/sys/a", operation: "write 6" });
  });

  it("reject with a TypeError where that was thrown", async () => {
    const error = await call("fail", "type").catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(TypeError).with.property("message", "no address");
  });

  it("reject with any other error's words", async () => {
    expect(await call("fail", "other").catch(String)).to.equal("Error: no NIC");
  });

  it("know no methods but the target's own", async () => {
    for (const method of ["constructor", "toString", "hasOwnProperty"]) {
      expect(await call(method).catch(String)).to.equal(`Error: no such method: ${method}`);
    }
  });

  it("are answered each by its own, however many there are at once", async () => {
    const answers = await Promise.all([call("give", 1), call("count"), call("give", 2), call("count")]);
    expect(answers).to.deep.equal([1, 1, 2, 2]);
  });
});
