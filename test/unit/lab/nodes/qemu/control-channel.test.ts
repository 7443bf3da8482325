import { expect } from "chai";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import { ControlChannel } from "../../../../../lab/nodes/qemu/control-channel.js";
import { connectSoon } from "../../../../../lab/nodes/qemu/unix-socket.js";

describe("control channel", () => {
  const dir = mkdtempSync(join(tmpdir(), "control-channel-"));
  let server: Server;
  let guest: Socket;
  let requests: Interface;
  let channel: ControlChannel;

  beforeEach(async () => {
    server = createServer().listen(join(dir, "socket"));
    const connection = once(server, "connection") as Promise<[Socket]>;
    channel = new ControlChannel(await connectSoon(join(dir, "socket"), AbortSignal.timeout(5000)), "test");
    [guest] = await connection;
    requests = createInterface(guest);
  });
  afterEach(async () => {
    guest.destroy();
    server.close();
    await once(server, "close");
  });
  after(() => rmSync(dir, { recursive: true }));

  const base64 = (text: string) => Buffer.from(text).toString("base64");
  const nextRequest = async () => String((await once(requests, "line"))[0]).split(" ");
  const failure = (promise: Promise<unknown>) =>
    promise.then(
      () => "no failure",
      (reason: unknown) => String(reason),
    );

  it("sends a command when the guest says that it is ready, not before", async () => {
    const result = channel.exec("hostname");
    guest.write("\nready boot-1\n");
    const [id = "", command] = await nextRequest();
    expect(command).to.equal(base64("hostname"));
    guest.write(`${id} 3 ${base64("a\n")} ${base64("b")} .\n`);
    expect(await result).to.deep.equal({ code: 3, stdout: "a\n", stderr: "b" });
  });

  it("gives each reply to its own command, whatever the order", async () => {
    guest.write("\nready boot-1\n");
    const results = Promise.all([channel.exec("one"), channel.exec("two")]);
    guest.write(`2 0 ${base64("second")}  .\n1 0 ${base64("first")}  .\n`);
    expect((await results).map(({ stdout }) => stdout)).to.deep.equal(["first", "second"]);
  });

  it("takes no half of a reply for the whole when a reset cuts it short", async () => {
    guest.write("\nready boot-1\n");
    const lost = failure(channel.exec("cat big"));
    await nextRequest();
    guest.write(`1 0 ${base64("half")}\nready boot-2\n`);
    expect(await lost)
      .to.include("guest test was reset")
      .and.include("cat big");
  });

  it("is ready again only after the guest said so", async () => {
    guest.write("\nready boot-1\n");
    await channel.untilReady();
    channel.reset();
    let ready = false;
    const again = channel.untilReady().then(() => (ready = true));
    await new Promise(setImmediate);
    expect(ready).to.equal(false);
    guest.write("\nready boot-2\n");
    await again;
  });

  it("rejects commands and waits when the guest ends", async () => {
    const [command, ready] = [failure(channel.exec("sleep 9")), failure(channel.untilReady())];
    guest.destroy();
    expect(await command)
      .to.include("guest test has ended")
      .and.include("sleep 9");
    expect(await ready).to.include("guest test has ended");
  });
});
