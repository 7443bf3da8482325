import { expect } from "chai";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { SimulatedKernel } from "../../../lab/nodes/simulated/client.js";
import { SimulatedProcess, spawnSimulatedNode } from "./simulated-process.js";

describe("the simulated node's process", () => {
  let node: SimulatedProcess;
  beforeEach(async () => (node = await SimulatedProcess.start()));
  afterEach(() => node.remove());

  it("ends at SIGTERM with exit code 0 and without its socket", async () => {
    expect(await node.end("SIGTERM")).to.equal(0);
    expect(existsSync(node.socketPath)).to.equal(false);
  });

  it("takes over the socket of one that was killed", async () => {
    await node.end("SIGKILL");
    const successor = spawnSimulatedNode(["--socket", node.socketPath]);
    await once(successor.stdout ?? successor, "data");
    expect((await new SimulatedKernel(node.socketPath).scan()).physicalFunctions).to.have.length(2);
    const exited = once(successor, "exit");
    successor.kill();
    await exited;
  });

  it("leaves the socket to one that answers there", async () => {
    const second = spawnSimulatedNode(["--socket", node.socketPath]);
    const said = once(second.stderr ?? second, "data");
    expect(await once(second, "exit")).to.deep.equal([1, null]);
    expect(String(await said)).to.match(/another simulated node is served at/);
  });

  it("is missed by its client with an error that says where it was looked for", async () => {
    const kernel = new SimulatedKernel(node.socketPath);
    await node.end();
    const message = await kernel.scan().catch((error: unknown) => String(error));
    expect(message).to.include(`The simulated node at ${node.socketPath} does not answer`);
  });

  it("is found again by the same client when it was started anew", async () => {
    const kernel = new SimulatedKernel(node.socketPath);
    await kernel.scan();
    await node.end("SIGKILL");
    const successor = spawnSimulatedNode(["--socket", node.socketPath]);
    await once(successor.stdout ?? successor, "data");
    expect((await kernel.scan()).physicalFunctions).to.have.length(2);
    const exited = once(successor, "exit");
    successor.kill();
    await exited;
  });
});
