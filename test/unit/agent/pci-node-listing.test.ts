import { expect } from "chai";
import { Label } from "../../../api/names.js";
import type { PciDevice } from "../../../api/pci-device.js";
import { listNode, type NodeHardware } from "../../../reconciler/agent/pci/node-listing.js";
import { type ListedPciFunction, parsePciAddress } from "../../../reconciler/kernel/kernel.js";
import { deviceObject } from "./nic.js";

const PF = "0000:04:00.0";
const VF = "0000:04:10.0";
const OTHER_PF = "0000:05:00.0";
const OTHER_VF = "0000:05:10.0";
const BRIDGE = "0000:00:01.0";

describe("the functions of a node that have PCIDevices", () => {
  const nameOf = (address: string): string => `node1-${address.replace(/[:.]/g, "")}`;

  function pciFunction(address: string, physicalFunction?: string): ListedPciFunction {
    return {
      address: parsePciAddress(address),
      vendorId: "8086",
      deviceId: "10fb",
      classId: "020000",
      ...(physicalFunction && { physicalFunction: parsePciAddress(physicalFunction) }),
    };
  }

  const object = (address: string, labels: Readonly<Record<string, string>>): PciDevice => ({
    metadata: { name: nameOf(address), labels },
  });
  const virtual = { [Label.virtualFunction]: "true" };
  const physical = { [Label.virtualFunction]: "false" };
  const ofNic = { ...virtual, [Label.parentDevice]: "node1-eno49" };
  const ofNobody = { ...virtual, [Label.parentDevice]: "node1-gone" };

  /** A node with a NIC that has a SriovNetworkDevice, another that has none, a VF on each, and a bridge. */
  function listed(more: Partial<NodeHardware>): { readonly listed: string[]; readonly surplus: string[] } {
    const found = listNode({
      nodeName: "node1",
      listing: "all",
      functions: [
        pciFunction(BRIDGE),
        pciFunction(PF),
        pciFunction(VF, PF),
        pciFunction(OTHER_PF),
        pciFunction(OTHER_VF, OTHER_PF),
      ],
      objects: [],
      devices: [deviceObject()],
      isClaimed: () => false,
      isGiven: () => false,
      ...more,
    });
    return {
      listed: found.listed.map(({ address }) => address),
      surplus: found.surplus.map(({ metadata }) => metadata.name),
    };
  }

  describe("where all are to be listed", () => {
    it("are all but the VFs of NICs that have a SriovNetworkDevice", () => {
      expect(listed({}).listed).to.deep.equal([BRIDGE, PF, OTHER_PF, OTHER_VF]);
    });

    it("leave an object of such a VF alone, whatever labels it has", () => {
      for (const labels of [{}, virtual, ofNic, ofNobody]) {
        expect(listed({ objects: [object(VF, labels)] }).surplus).to.deep.equal([]);
      }
    });

    it("leave an object of such a VF alone that is gone", () => {
      expect(listed({ functions: [pciFunction(PF)], objects: [object(VF, ofNic)] }).surplus).to.deep.equal([]);
    });

    it("lose the object of a function that is gone, whoever made it", () => {
      const objects = [object("0000:06:00.0", {}), object("0000:06:00.1", physical)];
      expect(listed({ objects }).surplus).to.deep.equal([nameOf("0000:06:00.0"), nameOf("0000:06:00.1")]);
    });
  });

  describe("where only VFs are to be listed", () => {
    const listing = "sriov";

    it("are none", () => {
      expect(listed({ listing })).to.deep.equal({ listed: [], surplus: [] });
    });

    it("lose the objects that an agent made when all were to be listed", () => {
      const objects = [object(PF, physical), object(OTHER_VF, virtual), object(VF, ofNic)];
      expect(listed({ listing, objects }).surplus).to.deep.equal([nameOf(PF), nameOf(OTHER_VF)]);
    });

    it("leave alone what another has made", () => {
      const objects = [object(PF, {}), object("0000:06:00.0", {})];
      expect(listed({ listing, objects }).surplus).to.deep.equal([]);
    });

    it("keep what is claimed", () => {
      const isClaimed = (name: string): boolean => name === nameOf(PF);
      const objects = [object(PF, physical), object(BRIDGE, physical)];
      expect(listed({ listing, objects, isClaimed })).to.deep.equal({ listed: [PF], surplus: [nameOf(BRIDGE)] });
    });

    it("are those that are claimed, of whatever kind, but no VFs of NICs that have a SriovNetworkDevice", () => {
      expect(listed({ listing, isClaimed: () => true }).listed).to.deep.equal([BRIDGE, PF, OTHER_PF, OTHER_VF]);
    });

    it("are not those that are claimed and that another has listed", () => {
      const objects = [object(PF, {})];
      const isClaimed = (name: string): boolean => name === nameOf(PF);
      expect(listed({ listing, objects, isClaimed })).to.deep.equal({ listed: [], surplus: [] });
    });

    it("are those VFs that the machine was given", () => {
      expect(listed({ listing, isGiven: (address) => address === BRIDGE }).listed).to.deep.equal([BRIDGE]);
    });

    it("lose one that was given once it is gone", () => {
      const objects = [object("0000:06:00.0", virtual)];
      expect(listed({ listing, objects }).surplus).to.deep.equal([nameOf("0000:06:00.0")]);
    });

    it("lose the object of a VF that is gone with its NIC's SriovNetworkDevice", () => {
      expect(listed({ listing, functions: [], devices: [], objects: [object(VF, ofNobody)] }).surplus).to.deep.equal([
        nameOf(VF),
      ]);
    });

    it("keep the object of a VF whose NIC's SriovNetworkDevice is about to be made again", () => {
      expect(listed({ listing, devices: [], objects: [object(VF, ofNobody)] }).surplus).to.deep.equal([]);
    });
  });
});
