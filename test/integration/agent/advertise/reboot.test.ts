import { expect } from "chai";
import { vfGroup } from "../../../unit/agent/nic.js";
import { addressOf } from "../hardware.js";
import { PluginNode } from "./plugin-node.js";

const FAST = "openshift.io/fast";
const SLOW = "openshift.io/slow";

describe("a device plugin on a node that was restarted, one of whose NICs hangs", () => {
  let plugin: PluginNode;
  let offeredEarly: number | undefined;

  before(async () => {
    plugin = await PluginNode.start("n-plug-boot");
    for (const [nic, resourceName] of ["fast", "slow"].entries()) {
      await plugin.ask(nic, { numVFS: 2, vfGroups: [vfGroup("0-1", { resourceName })] });
      await plugin.offers(`openshift.io/${resourceName}`, 2);
    }
    await plugin.node.stopAgent("SIGKILL");
    plugin.kubelet.stop();
    await plugin.node.hardware.reboot();
    await plugin.node.hardware.hang(addressOf(1), true);
    await plugin.kubelet.start();
    await plugin.node.startAgent();
  });
  after(() => plugin.stop());

  it("offers the VFs of the NIC that does not hang", async () => {
    await plugin.offers(FAST, 2);
    offeredEarly = plugin.kubelet.allocatable()[SLOW];
  });

  it("offers nothing of what the other's object says of before", () => {
    expect(offeredEarly).to.equal(undefined);
  });

  it("offers the other's once they are there", async () => {
    await plugin.node.hardware.hang(addressOf(1), false);
    await plugin.offers(SLOW, 2);
  });
});
