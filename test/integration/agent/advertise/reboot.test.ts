import { expect } from "chai";
import { Annotation, pciDeviceName } from "../../../../api/names.js";
import { PCI_DEVICE_CLAIM } from "../../../../api/pci-device-claim.js";
import { vfGroup } from "../../../unit/agent/nic.js";
import { vfAddress } from "../claims/claim-world.js";
import { addressOf } from "../hardware.js";
import { PluginNode } from "./plugin-node.js";

const FAST = "openshift.io/fast";
const SLOW = "openshift.io/slow";
const GUESTS = "example.com/guests";
const CLAIMED = vfAddress(addressOf(1), 1);
const OVERRIDE = Annotation.overrideResourceName;

describe("a device plugin on a node that was restarted, one of whose NICs hangs", () => {
  let plugin: PluginNode;
  let offeredEarly: readonly (number | undefined)[];

  before(async () => {
    plugin = await PluginNode.start("n-plug-boot");
    for (const [nic, resourceName] of ["fast", "slow"].entries()) {
      await plugin.ask(nic, { numVFS: 2, vfGroups: [vfGroup("0-1", { resourceName })] });
      await plugin.offers(`openshift.io/${resourceName}`, 2);
    }
    const spec = { nodeName: plugin.node.name, address: CLAIMED, userName: "alice" };
    const metadata = { name: pciDeviceName(spec.nodeName, CLAIMED), annotations: { [OVERRIDE]: GUESTS } };
    await plugin.lab.client.create(PCI_DEVICE_CLAIM, { metadata, spec }, { fieldManager: "person" });
    await plugin.offers(GUESTS, 1);
    await plugin.offers(SLOW, 1);
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
    const { [SLOW]: slow, [GUESTS]: guests } = plugin.kubelet.allocatable();
    offeredEarly = [slow, guests];
  });

  it("offers nothing of what the other's object, and a claim of its VF, say of before", () => {
    expect(offeredEarly).to.deep.equal([undefined, undefined]);
  });

  it("offers the other's once they are there", async () => {
    await plugin.node.hardware.hang(addressOf(1), false);
    await plugin.offers(SLOW, 1);
    await plugin.offers(GUESTS, 1);
  });
});
