import { expect } from "chai";
import type { PciDevice } from "../../../api/pci-device.js";
import { AgentOnGuest } from "./agent-on-guest.js";
import { first, second } from "./guest.js";

describe("the agent on a real kernel: hardware that lives its own life", function () {
  this.timeout(240_000);
  let hw: AgentOnGuest;

  before(async function () {
    this.timeout(600_000);
    hw = await AgentOnGuest.shared();
    await hw.restore();
  });

  describe("a count that somebody writes by hand", () => {
    before(() => hw.configure(first, 4));

    it("is put right, from 3 back to 4", async () => {
      await hw.guest.setNumVfsByHand(first, 0, 3);
      await hw.lookAt(first);
      await hw.configured(first, 4);
    });

    it("is told as an event", () => hw.event("hw-enp1s0", "Drift", "the NIC has 3 VFs, not the 4"));

    it("is put right, from 0 back to 4", async () => {
      await hw.guest.setNumVfsByHand(first, 0);
      await hw.lookAt(first);
      await hw.configured(first, 4);
    });
  });

  describe("a VF whose driver somebody unbinds", () => {
    const vf = "0000:01:10.2";
    before(() => hw.configure(first, 3));

    it("is reported without driver and interface, and stays", async () => {
      await hw.guest.rebind(vf, undefined);
      await hw.lookAt(first);
      const { status } = await hw.configured(first, 3);
      expect(status?.virtualFunctions?.[1])
        .to.include({ address: vf })
        .and.not.have.any.keys("driver", "interfaceName");
    });

    it("is reported with vfio-pci when it is given to that", async () => {
      await hw.guest.rebind(vf, "vfio-pci");
      await hw.lookAt(first);
      const { status } = await hw.configured(first, 3);
      expect(status?.virtualFunctions?.[1]).to.include({ driver: "vfio-pci" }).and.not.have.property("interfaceName");
    });

    it("is reported with its own driver and an interface when it is given back", async () => {
      await hw.guest.rebind(vf, "igbvf");
      await hw.lookAt(first);
      const { status } = await hw.configured(first, 3);
      expect(status?.virtualFunctions?.[1]).to.include({ driver: "igbvf" }).and.have.property("interfaceName");
    });
  });

  describe("a NIC whose own driver somebody unbinds", () => {
    before(() => hw.configure(first, 2));
    after(() => hw.guest.restoreInterfaces());

    it("is reported without VFs, and with what the kernel answers", async () => {
      await hw.guest.rebind(first.address, undefined);
      await hw.guest.rescan();
      const { status } = await hw.observer.ready(hw.nameOf(first), "KernelRefused");
      expect(status?.conditions?.[0]?.message).to.include("sriov_numvfs: no such file or directory (ENOENT)");
      expect(status).to.deep.include({ driver: "", vfAddresses: [] });
    });

    it("gets its VFs again by itself when it has its driver back", async () => {
      await hw.guest.rebind(first.address, "igb");
      await hw.configured(first, 2);
    });
  });

  describe("a NIC that is unplugged", () => {
    let uid: string | undefined;
    before(async () => {
      await hw.configure(second, 3);
      uid = hw.objectOf(second)?.metadata.uid;
    });
    after(() => hw.guest.restoreInterfaces());

    it("is reported as gone, and nothing is left of its VFs", async () => {
      await hw.node.guest.unplug(2);
      await hw.guest.rescan();
      const { status } = await hw.observer.ready("hw-enp2s0", "DeviceGone");
      expect([status?.vfAddresses, status?.virtualFunctions]).to.deep.equal([[], []]);
      expect(await hw.observer.pciDevicesOf("hw-enp2s0")).to.deep.equal([]);
    });

    it("is told as gone in an event", () => hw.event("hw-enp2s0", "DeviceGone", second.address));

    it("keeps its object when it is plugged in again under another name, and gets its VFs", async () => {
      await hw.node.guest.plug(2);
      await hw.guest.until(`[ -n "$(ls ${second.path}/net 2>/dev/null)" ]`);
      await hw.guest.rescan();
      const { metadata, status } = await hw.configured(second, 3);
      expect(metadata).to.include({ uid, name: "hw-enp2s0" });
      expect(status?.interfaceName).to.match(/^eth\d$/);
    });

    it("is told as back in an event", () => hw.event("hw-enp2s0", "DeviceBack", second.address));
  });

  describe("a node that is reset", () => {
    const before: Record<string, string | undefined> = {};
    const gone: PciDevice[] = [];
    const counts: (number | undefined)[] = [];
    const uids = () =>
      Object.fromEntries(
        hw.observer.pciDevicesLabelled("hw-enp1s0").map(({ metadata }) => [metadata.name, metadata.uid]),
      );

    it("gets the VFs back that were declared", async () => {
      await hw.configure(first, 4);
      await hw.configure(second, 2);
      Object.assign(before, uids());
      const stop = [
        hw.observer.pciDevices.onChange((change) => {
          if (change.kind === "gone") gone.push(change.object);
        }),
        hw.observer.devices.onChange(({ object }) => {
          if (object.spec.address === first.address) counts.push(object.status?.vfAddresses?.length);
        }),
      ];
      await hw.node.guest.reset();
      expect(await hw.node.numVfs(first.address)).to.equal(0);
      await hw.node.startAgent();
      await hw.guest.until(`[ -e ${first.path}/virtfn3 ] && [ -e ${second.path}/virtfn1 ]`);
      await hw.lookAt(first);
      await hw.configured(first, 4);
      await hw.configured(second, 2);
      for (const end of stop) end();
    });

    it("is told in an event", () => hw.event("hw-enp1s0", "Restored", "as before the restart of the node"));

    it("kept its PCIDevices throughout, with their uids", () => {
      expect(gone.map(({ metadata }) => metadata.name)).to.deep.equal([]);
      expect(uids()).to.deep.equal(before);
    });

    it("told of no other count before that one was restored", () => {
      expect(new Set(counts)).to.deep.equal(new Set([4]));
    });
  });
});
