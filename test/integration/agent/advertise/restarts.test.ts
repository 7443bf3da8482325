import { expect } from "chai";
import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import { vfGroup } from "../../../unit/agent/nic.js";
import { until } from "../../lab/until.js";
import { PluginNode } from "./plugin-node.js";

const FAST = "openshift.io/fast";

describe("a device plugin whose kubelet, or whose agent, ends", () => {
  let plugin: PluginNode;
  const sockets = (): string[] =>
    readdirSync(plugin.kubelet.devicePlugins).filter((name) => name.startsWith("pulumi-sriov-"));
  const registrations = (): number => plugin.kubelet.registered.length;

  before(async () => {
    plugin = await PluginNode.start("n-plug-again", { kubelet: false });
    await plugin.ask(0, { numVFS: 4, vfGroups: [vfGroup("0-3", { resourceName: "fast" })] });
    await plugin.observer.configured(plugin.nameOf(0), 4);
  });
  after(() => plugin.stop());

  it("offers what there is once there is a kubelet", async () => {
    await plugin.kubelet.start();
    await plugin.offers(FAST, 4);
  });

  it("offers it again to a kubelet that was restarted, at a new socket", async () => {
    const before = sockets();
    await plugin.kubelet.restart();
    await plugin.offers(FAST, 4);
    expect(sockets()).to.have.length(1).and.not.include(before[0]);
  });

  it("offers to a kubelet that comes back what has changed meanwhile", async () => {
    plugin.kubelet.stop();
    await plugin.ask(0, { numVFS: 2, vfGroups: [vfGroup("0-1", { resourceName: "fast" })] });
    await plugin.observer.configured(plugin.nameOf(0), 2);
    await plugin.kubelet.start();
    await plugin.offers(FAST, 2);
  });

  it("offers it again where somebody has removed its socket", async () => {
    const count = registrations();
    for (const name of sockets()) rmSync(join(plugin.kubelet.devicePlugins, name));
    await plugin.kubelet.until(() => registrations() > count && plugin.kubelet.allocatable()[FAST] === 2);
  });

  it("says why the kubelet refuses it, and tries again", async () => {
    plugin.kubelet.refusing = "the ResourceName is invalid";
    await plugin.kubelet.restart();
    await until(() => plugin.logged().some((line) => line.includes("the ResourceName is invalid")));
    const count = registrations();
    plugin.kubelet.refusing = undefined;
    await plugin.kubelet.until(() => registrations() > count && plugin.kubelet.allocatable()[FAST] === 2);
    expect(plugin.logged().filter((line) => line.includes("the ResourceName is invalid"))).to.deep.equal([
      `${FAST} is not offered to pods: the kubelet at ${plugin.kubelet.devicePlugins}/kubelet.sock did not take it: ` +
        "the ResourceName is invalid (UNKNOWN). It is tried again with growing pauses.",
    ]);
  });

  it("says that the kubelet hangs up, without waiting for it any longer, and tries again", async () => {
    plugin.kubelet.hangingUp = true;
    await plugin.kubelet.restart();
    await until(() => plugin.logged().some((line) => line.includes("and hung up")));
    expect(plugin.logged().filter((line) => line.includes("has taken the registration"))).to.deep.equal([
      `${FAST} is not offered to pods: the kubelet at ${plugin.kubelet.devicePlugins}/kubelet.sock did not take it: it has ` +
        "taken the registration, asked for the devices, and hung up. It is tried again with growing pauses.",
    ]);
    plugin.kubelet.hangingUp = false;
    await plugin.offers(FAST, 2);
  });

  it("leaves pods what they have when the agent is killed, and offers the rest again after its start", async () => {
    await plugin.kubelet.allocate("web/router-0", FAST);
    await plugin.node.stopAgent("SIGKILL");
    await plugin.offers(FAST, 0);
    await plugin.node.startAgent();
    await plugin.offers(FAST, 2);
    const { envs } = await plugin.kubelet.allocate("web/router-1", FAST);
    expect(envs["PCIDEVICE_OPENSHIFT_IO_FAST"]).to.not.equal(plugin.kubelet.devicesOfPod("web/router-0", FAST)[0]);
  });

  it("leaves no socket of an agent that was killed", () => {
    expect(sockets()).to.have.length(1);
  });

  it("leaves no socket at its end", async () => {
    await plugin.node.stopAgent("SIGTERM");
    expect(sockets()).to.deep.equal([]);
  });

  it("tells of another device plugin with the same resource", async () => {
    writeFileSync(join(plugin.kubelet.devicePlugins, "openshift.io_fast.sock"), "");
    await plugin.node.startAgent();
    await plugin.offers(FAST, 2);
    expect(plugin.logged().filter((line) => line.startsWith("somebody else offers"))).to.deep.equal([
      `somebody else offers ${FAST} on this node too, at openshift.io_fast.sock in ${plugin.kubelet.devicePlugins}: the ` +
        "kubelet takes the one that told it last. Stop the other, or give the resource another name.",
    ]);
  });

  it("tells of another agent that offers the same", async () => {
    await plugin.node.stopAgent("SIGKILL");
    const [left = ""] = sockets();
    const socket = join(plugin.kubelet.devicePlugins, left);
    rmSync(socket);
    const other = new Server();
    const listening = new Promise<void>((resolve, reject) => {
      const credentials = ServerCredentials.createInsecure();
      other.bindAsync(`unix:${socket}`, credentials, (error) => (error ? reject(error) : resolve()));
    });
    await listening;
    await plugin.node.startAgent();
    await plugin.offers(FAST, 2);
    other.forceShutdown();
    expect(plugin.logged().some((line) => line.startsWith("somebody else offers") && line.includes(left))).to.equal(
      true,
    );
  });
});
