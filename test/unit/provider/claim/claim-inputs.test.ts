import { expect } from "chai";
import { claimInputFailures } from "../../../../provider/core/claim/claim-inputs.js";

const URN = "urn:pulumi:dev::vms::pulumi-nodejs:dynamic/sriov:PciDeviceClaim::vf";

describe("inputs of a claim", () => {
  const failuresOf = (news: object, unknown: readonly string[] = []): readonly string[] =>
    claimInputFailures({ resourceUrn: URN, ...news }, new Set(unknown)).map(
      ({ property, reason }) => `${property}: ${reason}`,
    );
  const NAME = { pciDevice: "node1-000004100" };
  const PLACE = { nodeName: "node1", address: "0000:04:10.0" };

  for (const [what, news] of [
    ["a PCIDevice's name", NAME],
    ["a node and an address", PLACE],
    ["a PCIDevice of a node with dots and dashes", { pciDevice: "rack-1.example.org-000004100" }],
    ["a PCIDevice whose node's name is a hash", { pciDevice: `${"n".repeat(230)}-1234abcd-000004100` }],
    ["all that there is", { ...NAME, userName: "alice", disableResourcePooling: true, resourceName: "a.b/c" }],
    ["timeouts", { ...NAME, timeouts: { create: "1m30s" } }],
  ] as const) {
    it(`may be ${what}`, () => {
      expect(failuresOf(news)).to.deep.equal([]);
    });
  }

  for (const [what, news, property, reason] of [
    ["no device", {}, "pciDevice", "give pciDevice, or nodeName and address"],
    ["a device twice", { ...NAME, ...PLACE }, "pciDevice", "not both"],
    ["a device and a node", { ...NAME, nodeName: "node1" }, "pciDevice", "not both"],
    ["a node alone", { nodeName: "node1" }, "address", "address is missing: give pciDevice, or nodeName and address"],
    ["an address alone", { address: "0000:04:10.0" }, "nodeName", "nodeName is missing"],
    ["an address that is none", { ...PLACE, address: "4:10.0" }, "address", "must be a PCI address such as"],
    ["an empty node", { ...PLACE, nodeName: " " }, "nodeName", "must be a name"],
    ["a device that is an address", { pciDevice: "0000:04:10.0" }, "pciDevice", "such as node1-000004100"],
    ["a device without an address", { pciDevice: "node1-eno49" }, "pciDevice", "must be the name of a PCIDevice"],
    ["a device that is a number", { pciDevice: 4 }, "pciDevice", "must be the name of a PCIDevice"],
    ["an empty user", { ...NAME, userName: "" }, "userName", "must be a name"],
    [
      "a pool that is a text",
      { ...NAME, disableResourcePooling: "no" },
      "disableResourcePooling",
      "must be true or false",
    ],
    ["a resource name without a prefix", { ...NAME, resourceName: "nic" }, "resourceName", 'a prefix, "/" and a name'],
    ["a resource name that is a number", { ...NAME, resourceName: 4 }, "resourceName", "must be a name"],
    ["force that is a text", { ...NAME, forceConflicts: "yes" }, "forceConflicts", "must be true or false"],
    [
      "timeouts that are none",
      { ...NAME, timeouts: { delete: "soon" } },
      "timeouts",
      "customTimeouts.delete must be a duration",
    ],
  ] as const) {
    it(`cannot be ${what}`, () => {
      const failures = failuresOf(news);
      expect(failures).to.have.length(1);
      expect(failures[0])
        .to.match(new RegExp(`^${property}: `))
        .and.to.contain(reason);
    });
  }

  it("may be unknown still", () => {
    expect(failuresOf({}, ["pciDevice"])).to.deep.equal([]);
    expect(failuresOf({ nodeName: "node1" }, ["address"])).to.deep.equal([]);
  });

  it("cannot be a device twice, though it is unknown still", () => {
    expect(failuresOf({ nodeName: "node1" }, ["pciDevice"]).join()).to.contain("not both");
  });
});
