import { expect } from "chai";
import { ClaimReason } from "../../../../api/pci-device-claim.js";
import { type ClaimFacts, claimRefusal } from "../../../../plan/claims/claim-refusal.js";

const vf = { address: "0000:04:10.2", classId: "020000", driver: "igbvf", iommuGroup: "17" };
const free: ClaimFacts = { device: vf, users: [], numVfs: 0, mounts: [], groupMembers: [], hasIommu: true };

describe("the refusal of a claim", () => {
  it("is none for a free device with an IOMMU group of its own", () => {
    expect(claimRefusal(free)).equal(undefined);
  });

  it("is none where nothing but the device and its group is known", () => {
    expect(claimRefusal({ device: vf, users: [] })).equal(undefined);
  });

  it("is none for a free device that no driver has", () => {
    expect(claimRefusal({ ...free, device: { ...vf, driver: undefined } })).equal(undefined);
  });

  it("names who uses the device, and the driver that keeps it", () => {
    expect(claimRefusal({ ...free, users: ["pod web/router-0", "interface eth4 in br0"] })).deep.equal({
      reason: ClaimReason.InUse,
      message:
        "0000:04:10.2 is not taken from igbvf: it is in use by pod web/router-0, interface eth4 in br0. Release it " +
        "there, or claim another device.",
    });
  });

  it("counts users beyond sixteen", () => {
    const users = Array.from({ length: 18 }, (_, index) => `pod web/p${index}`);
    expect(claimRefusal({ ...free, users })?.message).contain("pod web/p15, 2 more. Release");
  });

  for (const classId of ["060000", "060100", "060400"]) {
    it(`is for a bridge of class ${classId}`, () => {
      const refusal = claimRefusal({ ...free, device: { ...vf, classId } });
      expect(refusal?.reason).equal(ClaimReason.NotEligible);
      expect(refusal?.message).contain(`it is a bridge (class ${classId.slice(0, 4)})`);
    });
  }

  it("says what the node needs a NIC for", () => {
    const management = "eth0 carries the node's default route (eth0)";
    expect(claimRefusal({ ...free, management })).deep.equal({
      reason: ClaimReason.NotEligible,
      message:
        "0000:04:10.2 is not taken from igbvf: eth0 carries the node's default route (eth0). Free it from that, or " +
        "claim another device.",
    });
  });

  it("says what of a disk is mounted", () => {
    const refusal = claimRefusal({ ...free, mounts: ["nvme0n1p2 at /", "nvme0n1p3 as swap"] });
    expect(refusal?.reason).equal(ClaimReason.NotEligible);
    expect(refusal?.message).contain("the node uses disks of it: nvme0n1p2 at /, nvme0n1p3 as swap. Unmount");
  });

  it("says how many VFs a physical function would lose", () => {
    const refusal = claimRefusal({ ...free, numVfs: 4 });
    expect(refusal?.reason).equal(ClaimReason.NotEligible);
    expect(refusal?.message).contain("it has 4 virtual functions, which would go. Set numVFS");
    expect(claimRefusal({ ...free, numVfs: 1 })?.message).contain("it has 1 virtual function, which");
  });

  for (const iommuGroup of [undefined, ""]) {
    it(`is for a device whose IOMMU group is ${JSON.stringify(iommuGroup)}`, () => {
      const refusal = claimRefusal({ ...free, device: { ...vf, iommuGroup }, hasIommu: undefined });
      expect(refusal?.reason).equal(ClaimReason.NoIommu);
      expect(refusal?.message).contain("the node's IOMMU is off, or there is none. Switch the IOMMU on");
    });
  }

  it("tells a device without a group from a node without an IOMMU", () => {
    const refusal = claimRefusal({ ...free, device: { ...vf, iommuGroup: undefined } });
    expect(refusal?.message).contain("it has no IOMMU group, although others of the node have one");
  });

  it("names the devices that keep its IOMMU group in use", () => {
    const groupMembers = [
      { address: "0000:04:10.0", classId: "020000", driver: "igbvf" },
      { address: "0000:04:10.4", classId: "020000", driver: "igbvf" },
    ];
    expect(claimRefusal({ ...free, groupMembers })).deep.equal({
      reason: ClaimReason.GroupInUse,
      message:
        "0000:04:10.2 is not taken from igbvf: IOMMU group 17, of which a guest gets all or nothing, also has 0000:04:10.0 " +
        "(igbvf), 0000:04:10.4 (igbvf), and the node uses them. Claim them too, or unbind them as long as they have a " +
        "driver of the node; or put the card into a slot with a group of its own (ACS).",
    });
  });

  it("names none of the group that a claim of its own takes along", () => {
    const claimed = { address: "0000:04:10.0", classId: "020000", driver: "igbvf", claim: "node1-000004100" };
    expect(claimRefusal({ ...free, groupMembers: [claimed] })).equal(undefined);
    const other = { address: "0000:04:10.4", classId: "020000", driver: "igbvf" };
    const { message = "" } = claimRefusal({ ...free, groupMembers: [claimed, other] }) ?? {};
    expect(message).contain("0000:04:10.4 (igbvf)").and.not.contain("0000:04:10.0");
  });

  for (const [what, member] of [
    ["is a bridge", { classId: "060400", driver: "shpchp" }],
    ["has no driver", { classId: "020000" }],
    ["has an empty driver's name", { classId: "020000", driver: "" }],
    ["is bound to vfio-pci", { classId: "020000", driver: "vfio-pci" }],
    ["is bound to pci-stub", { classId: "020000", driver: "pci-stub" }],
    ["is bound to pcieport", { classId: "088000", driver: "pcieport" }],
  ] as const) {
    it(`is none for a group whose other function ${what}`, () => {
      expect(claimRefusal({ ...free, groupMembers: [{ address: "0000:04:10.0", ...member }] })).equal(undefined);
    });
  }

  it("names no driver to take from where vfio-pci has the device already", () => {
    const refusal = claimRefusal({ ...free, device: { ...vf, driver: "vfio-pci" }, users: ["pod web/router-0"] });
    expect(refusal?.message).match(/^0000:04:10\.2 is not handed out: /);
  });

  it("tells what the device is before it tells who uses it", () => {
    const facts = { ...free, numVfs: 2, users: ["pod web/router-0"], device: { ...vf, iommuGroup: undefined } };
    expect(claimRefusal(facts)?.reason).equal(ClaimReason.NotEligible);
    expect(claimRefusal({ ...facts, numVfs: 0 })?.reason).equal(ClaimReason.InUse);
  });
});
