import { expect } from "chai";
import { Label } from "../../../api/names.js";
import { PCI_DEVICE_CLAIM, type PciDeviceClaim } from "../../../api/pci-device-claim.js";
import { AgentOnGuest } from "./agent-on-guest.js";
import { first } from "./guest.js";

describe("the agent on a real kernel: a VF that is claimed for passthrough", function () {
  this.timeout(240_000);
  const claimed = "hw-000001102";
  let hw: AgentOnGuest;
  let uid: string | undefined;

  before(async function () {
    this.timeout(600_000);
    hw = await AgentOnGuest.shared();
    await hw.restore();
    await hw.configure(first, 2);
    uid = hw.observer.pciDevices.get(claimed)?.metadata.uid;
    const claim: PciDeviceClaim = {
      metadata: { name: claimed },
      spec: { address: "0000:01:10.2", nodeName: "hw", userName: "alice" },
    };
    await hw.lab.client.create(PCI_DEVICE_CLAIM, claim, { fieldManager: "person" });
  });
  after(async () => {
    await hw.lab.client.delete(PCI_DEVICE_CLAIM, claimed);
    await hw.observer.device(hw.nameOf(first), ({ status }) => status?.virtualFunctions?.[1]?.usedBy === undefined);
  });

  it("is bound to vfio-pci, and told as its user's", async () => {
    const { status } = await hw.observer.device(
      hw.nameOf(first),
      (device) => device.status?.virtualFunctions?.[1]?.driver === "vfio-pci",
    );
    expect(status?.virtualFunctions?.[1]).to.include({ usedBy: `claim ${claimed} of alice` });
  });

  it("is bound to vfio-pci when the VFs are made anew, and the other one to its network driver", async () => {
    await hw.guest.setNumVfsByHand(first, 0);
    await hw.lookAt(first);
    const { status } = await hw.configured(first, 2);
    expect(status?.virtualFunctions?.map(({ driver }) => driver)).to.deep.equal(["igbvf", "vfio-pci"]);
  });

  it("keeps its PCIDevice through that", () => {
    const { metadata } = hw.observer.pciDevices.get(claimed) ?? {};
    expect(metadata?.uid).to.equal(uid);
    expect(metadata?.labels).not.to.have.property(Label.absent);
  });

  it("leaves the NIC's own setting, that new VFs are offered to drivers, as it was", async () => {
    expect(await hw.guest.run(`cat ${first.path}/sriov_drivers_autoprobe`)).to.equal("1");
  });
});
