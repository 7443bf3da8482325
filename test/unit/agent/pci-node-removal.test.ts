import { expect } from "chai";
import type { PciDevice } from "../../../api/pci-device.js";
import { NodePciDevices } from "../../../reconciler/agent/pci/node-pci-devices.js";
import { PciDeviceObjects, type PciDeviceObjectsParts } from "../../../reconciler/agent/pci/pci-device-objects.js";
import { Turns } from "../../../reconciler/agent/turns.js";
import type { ListedPciFunction, PciAddress } from "../../../reconciler/kernel/kernel.js";

const ADDRESS = "0000:65:00.0" as PciAddress;
const NAME = "node1-000065000";

/** A node that lists what is claimed alone, and the PCIDevice of a function whose claim has just gone. */
class Node {
  readonly turns = new Turns<PciAddress>();
  readonly deleted: string[] = [];
  /** Resolves once it was looked at which PCIDevices are to go. */
  readonly listed = Promise.withResolvers<undefined>();
  claimed = false;
  looks = 0;
  private readonly device: PciDevice;
  private readonly node: NodePciDevices;

  constructor() {
    const found: ListedPciFunction = { address: ADDRESS, vendorId: "8086", deviceId: "1d10", classId: "030000" };
    const labels = { nodename: "node1", "devices.harvesterhci.io/virtual-function": "false" };
    const owner = { apiVersion: "v1", kind: "Node", name: "node1", uid: "1" };
    const status = { address: ADDRESS, vendorId: "8086", deviceId: "1d10", classId: "0300", iommuGroup: "" };
    const more = { nodeName: "node1", resourceName: "unknown.com/8086_1d10", kernelDriverInUse: "" };
    const description = "Class 0300: Vendor 8086 Device 1d10";
    this.device = {
      metadata: { name: NAME, uid: "2", labels, ownerReferences: [owner] },
      status: { ...status, ...more, description },
    };
    const objects = new PciDeviceObjects({
      client: { delete: (_type: unknown, name: string) => Promise.resolve(void this.deleted.push(name)) },
      informer: {
        get: () => this.device,
        list: () => (this.deleted.length === 0 ? [this.device] : []),
        observe: () => undefined,
        forget: () => undefined,
      },
      owner: () => owner,
      isClaimed: () => this.claimed,
    } as unknown as PciDeviceObjectsParts);
    const kernel = { pciFunctions: () => Promise.resolve([found]).finally(() => this.looks++) };
    const ids = {
      namesOf: () => {
        this.listed.resolve(undefined);
        return Promise.resolve([]);
      },
    };
    const given = { list: () => [], has: () => false };
    const rest = { devices: () => [], isAnyUnlisted: () => false, given, ids };
    this.node = new NodePciDevices({
      ...rest,
      nodeName: "node1",
      listing: "sriov",
      kernel,
      objects,
      turns: this.turns,
    });
  }

  sync(): Promise<void> {
    return this.node.sync();
  }
}

describe("the PCIDevice of a function that is not claimed any more", () => {
  it("is deleted", async () => {
    const node = new Node();
    await node.sync();
    expect(node.deleted).to.deep.equal([NAME]);
  });

  describe("for which a claim comes while it is another's turn", () => {
    const node = new Node();
    before(async () => {
      const turn = Promise.withResolvers<undefined>();
      const held = node.turns.take(ADDRESS, () => turn.promise);
      const synced = node.sync();
      await node.listed.promise;
      node.claimed = true;
      turn.resolve(undefined);
      await Promise.all([held, synced]);
    });

    it("stays, since the claim would go with it", () => {
      expect(node.deleted).to.deep.equal([]);
    });

    it("is looked at again", () => {
      expect(node.looks).to.equal(2);
    });
  });
});
