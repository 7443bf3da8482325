import { expect } from "chai";
import type { Lab } from "../../../lab/lab.js";
import type { SimulatedNode } from "../../../lab/nodes/simulated-node.js";
import { sharedLab } from "../../shared-lab.js";
import { addressOf, countsWritten, nics } from "./hardware.js";
import { Observer } from "./observer.js";

describe("an agent on a node that was restarted", () => {
  let lab: Lab;
  let observer: Observer;
  before(async () => {
    lab = await sharedLab();
    observer = await Observer.start(lab.client);
  });
  after(() => observer.stop());

  /** A node with four VFs that is off. */
  async function turnedOff(nodeName: string): Promise<SimulatedNode> {
    const node = await lab.addSimulatedNode(nodeName, { spec: { nics: nics(1) } });
    const name = `${nodeName}-nic0`;
    await observer.ready(name, "Unmanaged");
    await observer.declare(name, 4);
    await observer.configured(name, 4);
    await node.stopAgent("SIGKILL");
    await node.hardware.reboot();
    await node.hardware.clearWrites();
    return node;
  }

  /** What happens to a device and its PCIDevices from now on. */
  function record(name: string): string[] {
    const seen: string[] = [];
    observer.devices.onChange((change) => {
      if (change.object.metadata.name !== name || change.kind === "gone") return;
      const { status } = change.object;
      seen.push(`${status?.conditions?.[0]?.reason ?? ""} ${status?.vfAddresses?.length ?? 0}`);
    });
    observer.pciDevices.onChange((change) => {
      const parent = change.object.metadata.labels?.["harvesterhci.io/parent-sriov-network-device"];
      if (parent === name) seen.push(`PCIDevice ${change.kind}`);
    });
    return seen;
  }

  const uids = async (name: string) => (await observer.pciDevicesOf(name)).map(({ metadata }) => metadata.uid);

  it("gives the NIC its VFs again without a word in between", async () => {
    const node = await turnedOff("n-restart");
    const seen = record("n-restart-nic0");
    const before = await uids("n-restart-nic0");
    await node.startAgent();
    await node.hardware.waitForWrites(1);
    await node.stopAgent("SIGTERM");
    await observer.configured("n-restart-nic0", 4);
    expect(await countsWritten(node.hardware, addressOf(0))).to.deep.equal([4]);
    expect(seen).to.deep.equal([]);
    expect(await uids("n-restart-nic0")).to.deep.equal(before);
  });

  it("keeps the PCIDevices also where the first attempt fails, and says that it did", async () => {
    const node = await turnedOff("n-restart-eio");
    const name = "n-restart-eio-nic0";
    const before = await uids(name);
    const seen = record(name);
    await node.hardware.failNext(addressOf(0), "EIO");
    await node.startAgent();
    await observer.ready(name, "KernelRefused");
    await observer.configured(name, 4);
    expect(seen).to.deep.equal(["KernelRefused 0", "Configured 4"]);
    expect(await uids(name)).to.deep.equal(before);
  });
});
