import { expect } from "chai";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Lab } from "../../lab/lab.js";
import { SimulatedHardware } from "../../lab/nodes/simulated/hardware-client.js";
import type { SimulatedNode } from "../../lab/nodes/simulated-node.js";
import { pidOf } from "../integration/agent/agent-process.js";
import { addressOf, countsWritten, nics } from "../integration/agent/hardware.js";
import { Observer } from "../integration/agent/observer.js";
import { byWayOf, TcpProxy } from "../integration/kube/tcp-proxy.js";
import { until } from "../integration/lab/until.js";
import { sharedLab } from "../shared-lab.js";
import { expectSixVfs } from "./six-vfs.js";

describe("an agent that loses what it needs", () => {
  let lab: Lab;
  let observer: Observer;
  before(async () => {
    lab = await sharedLab();
    observer = await Observer.start(lab.client);
  });
  after(() => observer.stop());

  async function withFour(node: SimulatedNode): Promise<void> {
    const name = `${node.name}-nic0`;
    await observer.ready(name, "Unmanaged");
    await observer.declare(name, 4);
    await observer.configured(name, 4);
  }

  it("finishes a change during which the API server was killed", async () => {
    const node = await lab.addSimulatedNode("n-apiserver", { spec: { nics: nics(1) } });
    await withFour(node);
    await node.hardware.hang(addressOf(0), true);
    await observer.declare("n-apiserver-nic0", 6);
    await node.hardware.waitForWrites(2);
    await lab.controlPlane.apiServer.kill();
    await node.hardware.hang(addressOf(0), false);
    await node.hardware.waitForWrites(3);
    await lab.controlPlane.apiServer.start();
    await expectSixVfs(observer, node, "n-apiserver-nic0");
    expect(await countsWritten(node.hardware, addressOf(0)), "no VF destroyed twice").to.deep.equal([4, 0, 6]);
  });

  it("carries out what was changed while it was cut off from the API server", async () => {
    const proxy = await TcpProxy.to(lab.controlPlane.server);
    const kubeconfig = join(lab.run.dir, "n-cut-by-proxy.kubeconfig");
    const agentArgs = ["--kubeconfig", kubeconfig];
    const node = await lab.addSimulatedNode("n-cut", { spec: { nics: nics(1) }, agent: false, agentArgs });
    const direct = readFileSync(join(lab.run.dir, "n-cut.kubeconfig"), "utf8");
    writeFileSync(kubeconfig, byWayOf(proxy.address, direct), { mode: 0o600 });
    await node.startAgent();
    await withFour(node);

    proxy.takeDown();
    await observer.declare("n-cut-nic0", 6);
    await until(() => /watch of sriovnetworkdevices/.test(readFileSync(node.agentLog, "utf8")));
    proxy.mend();
    await expectSixVfs(observer, node, "n-cut-nic0");
    proxy.close();
  });

  it("gives the VFs back to hardware that was gone for a moment and forgot them", async () => {
    const node = await lab.addSimulatedNode("n-kernel", {
      spec: { nics: nics(1) },
      agentArgs: ["--scan-interval", "1"],
    });
    await withFour(node);
    process.kill(pidOf(lab.run, "n-kernel-kernel"), "SIGTERM");
    await until(() => /does not answer/.test(readFileSync(node.agentLog, "utf8")));

    const main = join(__dirname, "..", "..", "lab", "nodes", "simulated", "main.js");
    const socket = join(lab.run.dir, "n-kernel.sock");
    const spec = join(lab.run.dir, "n-kernel.hardware.json");
    await observer.declare("n-kernel-nic0", 6);
    lab.run.spawn("n-kernel-kernel", process.execPath, [main, "--socket", socket, "--hardware", spec]);
    await expectSixVfs(observer, { ...node, hardware: new SimulatedHardware(socket) }, "n-kernel-nic0");
  });
});
