import { expect } from "chai";
import { createServer, get, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { LastingServer } from "../../../reconciler/service/lasting-server.js";
import { LogLines } from "./log-lines.js";

describe("a lasting server that listens", () => {
  let server: Server;
  let lasting: LastingServer;
  let lines: LogLines;

  beforeEach(async () => {
    lines = new LogLines();
    server = createServer((_, response) => response.end());
    lasting = new LastingServer(
      server,
      { host: "127.0.0.1", port: 0 },
      { what: "health", flag: "--listen", log: lines.log, retryMs: 1 },
    );
    lasting.listen();
    await lines.says("health are served");
  });
  afterEach(() => lasting.close());

  it("listens on where one connection could not be taken", async () => {
    server.emit("error", Object.assign(new Error("accept EMFILE"), { code: "EMFILE" }));
    expect((await lines.says("a connection was not taken")).msg).to.contain("accept EMFILE");
    expect(await answered(server)).to.equal(200);
  });
});

function answered(server: Server): Promise<number | undefined> {
  const { port } = server.address() as AddressInfo;
  return new Promise((resolve, reject) => {
    get({ port, host: "127.0.0.1", agent: false }, (response) => resolve(response.resume().statusCode)).once(
      "error",
      reject,
    );
  });
}
