import { expect } from "chai";
import { pciDescription, type PciNames, pciResourceName } from "../../../api/pci-device-names.js";

const VF = { vendorId: "8086", deviceId: "10ed", classId: "020000" };

describe("a PCIDevice's description", () => {
  const names = {
    vendor: "Intel Corporation",
    device: "82599 Ethernet Controller Virtual Function",
    class: "Network controller",
    subclass: "Ethernet controller",
  };

  it("is subclass, vendor and device", () => {
    expect(pciDescription(VF, names)).to.equal(
      "Ethernet controller: Intel Corporation 82599 Ethernet Controller Virtual Function",
    );
  });

  it("has the class where the subclass has no name", () => {
    const { subclass, ...others } = names;
    expect(pciDescription(VF, others)).to.match(/^Network controller: Intel/);
  });

  it("has numbers for all that has no name", () => {
    expect(pciDescription(VF, {})).to.equal("Class 0200: Vendor 8086 Device 10ed");
  });
});

describe("a PCIDevice's resource name", () => {
  const intel = "Intel Corporation";
  const broadcom = "Broadcom Inc. and subsidiaries";
  const cases: readonly (readonly [string, PciNames, string])[] = [
    [
      "is the vendor's domain and the device's name in capitals",
      { vendor: intel, device: "82599 Ethernet Controller Virtual Function" },
      "intel.com/82599_ETHERNET_CONTROLLER_VIRTUAL_FUNCTION",
    ],
    [
      "has VF for a virtual function where the socket's path would be too long (harvester#4806)",
      { vendor: broadcom, device: "NetXtreme II BCM57810 10 Gigabit Ethernet Virtual Function" },
      "broadcom.com/NETXTREME_II_BCM57810_10_GIGABIT_ETHERNET_VF",
    ],
    [
      "is as long as the socket's path may be",
      { vendor: intel, device: "x".repeat(51) },
      `intel.com/${"X".repeat(51)}`,
    ],
    [
      "has the device's number where even so the path would be too long",
      { vendor: intel, device: "x".repeat(52) },
      "intel.com/10ed",
    ],
    [
      "ends with no blank of a name in brackets (harvester#10108)",
      { vendor: "NVIDIA Corporation", device: "GA104 [RTX A4500 Embedded GPU ]" },
      "nvidia.com/GA104_RTX_A4500_EMBEDDED_GPU",
    ],
    [
      "has the vendor's short name, of several the first",
      { vendor: "Advanced Micro Devices, Inc. [AMD/ATI]", device: "Navi 21 [Radeon RX 6800/6800 XT / 6900 XT]" },
      "amd.com/NAVI_21_RADEON_RX_6800_6800_XT___6900_XT",
    ],
    [
      "has no dots and slashes",
      { vendor: intel, device: "PCH USB 3.2 Gen 2x2 (10/20G)" },
      "intel.com/PCH_USB_3_2_GEN_2X2_10_20G",
    ],
    ["begins with a letter or digit", { vendor: intel, device: "/dev/null (rev. 1)" }, "intel.com/DEV_NULL_REV__1"],
    ["leaves out what is not ASCII", { vendor: "Škoda a.s.", device: "µPD98402 – ß" }, "koda.com/PD98402"],
    ["has the device's number where nothing is left of its name", { vendor: intel, device: "???" }, "intel.com/10ed"],
    ["has the device's number where it has no name", { vendor: intel }, "intel.com/10ed"],
    ["reads a bracket that is not closed", { vendor: "Foo[bar Inc", device: "x" }, "foobar.com/X"],
    ["keeps vendors without a name apart", { device: "x" }, "unknown.com/8086_10ed"],
    [
      "takes a vendor of whose name nothing is left for one without",
      { vendor: "…", device: "x" },
      "unknown.com/8086_10ed",
    ],
    [
      "shortens a vendor's name that leaves no room",
      { vendor: "V".repeat(90), device: "x".repeat(90) },
      `${"v".repeat(40)}.com/10ed`,
    ],
  ];

  for (const [fact, names, expected] of cases) {
    it(fact, () => expect(pciResourceName(VF, names)).to.equal(expected));
  }

  it("is one that Kubernetes takes, whatever the names are", () => {
    for (const [, names] of cases) {
      const [domain = "", name = ""] = pciResourceName(VF, names).split("/");
      expect(domain).to.match(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?\.com$/);
      expect(name).to.match(/^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/);
      expect(`/var/lib/kubelet/device-plugins/kubevirt-${domain}-${name}.sock`.length).to.be.at.most(107);
    }
  });
});
