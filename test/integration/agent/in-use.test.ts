import { expect } from "chai";
import { Annotation } from "../../../api/names.js";
import { SRIOV_NETWORK_DEVICE } from "../../../api/sriov-network-device.js";
import type { Lab } from "../../../lab/lab.js";
import type { SimulatedNode } from "../../../lab/nodes/simulated-node.js";
import { sharedLab } from "../../shared-lab.js";
import { rescan } from "./agent-process.js";
import { addressOf, countsWritten, nics } from "./hardware.js";
import { Observer } from "./observer.js";

describe("an agent whose VFs are in use", () => {
  let lab: Lab;
  let node: SimulatedNode;
  let observer: Observer;
  const nameOf = (index: number): string => `n-used-nic${index}`;

  before(async () => {
    lab = await sharedLab();
    observer = await Observer.start(lab.client);
    node = await lab.addSimulatedNode("n-used", { spec: { nics: nics(3) } });
    for (const index of [0, 1, 2]) {
      await observer.ready(nameOf(index), "Unmanaged");
      await observer.declare(nameOf(index), 2);
      await observer.configured(nameOf(index), 2);
    }
  });
  after(() => observer.stop());

  async function allow(name: string, count: string): Promise<void> {
    const metadata = { annotations: { [Annotation.allowDisruption]: count } };
    const options = { fieldManager: "person" };
    observer.devices.observe(await lab.client.merge(SRIOV_NETWORK_DEVICE, name, { metadata }, options));
  }

  const usersIn = (name: string) =>
    observer.devices.get(name)?.status?.virtualFunctions?.map(({ usedBy }) => usedBy) ?? [];

  describe("by a bridge of the node", () => {
    const name = nameOf(0);

    it("leaves them, and says which, by whom, and both ways out", async () => {
      await node.hardware.setUppers("nic0v1", ["br0"]);
      await observer.declare(name, 4);
      const { status } = await observer.ready(name, "InUse");
      expect(status?.conditions?.[0]?.message).to.equal(
        "not changed (2 → 4 VFs), since that would destroy VFs in use: 0000:01:10.2 (nic0v1) by interface nic0v1 in br0. " +
          "Release them, set the count back to 2, or allow it: kubectl annotate srnd n-used-nic0 " +
          'devices.harvesterhci.io/allow-disruption=4 --overwrite (in a program: onVfsInUse: "proceed").',
      );
      expect(await countsWritten(node.hardware, addressOf(0))).to.deep.equal([2]);
    });

    it("tells the user in the VF's status", () => {
      expect(usersIn(name)).to.deep.equal([undefined, "interface nic0v1 in br0"]);
    });

    it("goes on at once when an annotation allows this count", async () => {
      await allow(name, "4");
      await observer.configured(name, 4);
      expect(await countsWritten(node.hardware, addressOf(0))).to.deep.equal([2, 0, 4]);
    });

    it("takes the annotation away when the count is reached", async () => {
      await observer.device(name, ({ metadata }) => metadata.annotations?.[Annotation.allowDisruption] === undefined);
    });

    it("takes one away that comes when the count is reached already", async () => {
      await allow(name, "4");
      await observer.device(name, ({ metadata }) => metadata.annotations?.[Annotation.allowDisruption] === undefined);
      expect(await node.numVfs(addressOf(0))).to.equal(4);
    });
  });

  it("leaves those with an address, until it is taken away", async () => {
    const name = nameOf(1);
    await node.hardware.setAddresses({ nic1v0: ["10.1.2.3"] });
    await observer.declare(name, 3);
    const { status } = await observer.ready(name, "InUse");
    expect(status?.conditions?.[0]?.message).to.include("0000:02:10.0 (nic1v0) by interface nic1v0");
    await node.hardware.setAddresses({});
    rescan(lab.run, node);
    await observer.configured(name, 3);
  });

  it("leaves those whose interface is in a pod, until it comes back", async () => {
    const name = nameOf(2);
    await node.hardware.setInterfaceElsewhere("0000:03:10.2", true);
    await observer.declare(name, 0);
    await observer.ready(name, "InUse");
    expect(usersIn(name)[1]).to.be.a("string");
    await node.hardware.setInterfaceElsewhere("0000:03:10.2", false);
    rescan(lab.run, node);
    await observer.configured(name, 0);
  });
});
