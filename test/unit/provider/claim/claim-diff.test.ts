import { expect } from "chai";
import { diffClaim } from "../../../../provider/core/claim/claim-diff.js";
import type { ClaimOutputs } from "../../../../provider/core/claim/claim-outputs.js";

const olds: Partial<ClaimOutputs> = {
  ...{ resourceUrn: "urn:vf", claimName: "node1-000004100", pciDevice: "node1-000004100", nodeName: "node1" },
  ...{ address: "0000:04:10.0", userName: "pulumi", resourceName: "intel.com/VF", kernelDriverToUnbind: "igbvf" },
  ...{ passthroughEnabled: true, status: "Enabled", fieldManager: "pulumi-sriov-1" },
};
const { passthroughEnabled: _enabled, status: _status, fieldManager: _manager, ...news } = olds;
const KNOWN: ReadonlySet<string> = new Set();

describe("the difference of a claim", () => {
  it("is none where nothing has changed", () => {
    expect(diffClaim(olds, news, KNOWN)).to.deep.equal({ changed: false, unfinished: false, replaces: [] });
  });

  it("is none where the resource is called otherwise, or another driver or name is foreseen", () => {
    const more = { resourceUrn: "urn:other", kernelDriverToUnbind: "vfio-pci", resourceName: "intel.com/OTHER" };
    expect(diffClaim(olds, { ...news, ...more }, KNOWN).changed).to.equal(false);
  });

  it("is another claim for another device", () => {
    const more = { pciDevice: "node1-000004102", address: "0000:04:10.2" };
    const { changed, replaces } = diffClaim(olds, { ...news, ...more }, KNOWN);
    expect([changed, replaces]).to.deep.equal([true, ["pciDevice", "address"]]);
  });

  it("is another claim for a device that is not known yet", () => {
    const { pciDevice: _device, nodeName: _node, address: _address, ...rest } = news;
    const { changed, replaces } = diffClaim(olds, rest, new Set(["pciDevice"]));
    expect([changed, replaces]).to.deep.equal([true, ["pciDevice"]]);
  });

  it("is none where the cluster is not known, and the device is named as before", () => {
    const { nodeName: _node, address: _address, ...rest } = news;
    expect(diffClaim(olds, rest, KNOWN).replaces).to.deep.equal([]);
  });

  for (const [what, more] of [
    ["another user", { userName: "alice" }],
    ["a pool", { disableResourcePooling: true }],
    ["a name to offer it under", { givenResourceName: "example.com/nic" }],
    ["force", { forceConflicts: true }],
    ["credentials", { kubeconfig: "other" }],
    ["a context", { context: "other" }],
    ["timeouts", { timeouts: { create: "1m" } }],
  ] as const) {
    it(`is a change in place for ${what}`, () => {
      expect(diffClaim(olds, { ...news, ...more }, KNOWN)).to.deep.include({ changed: true, replaces: [] });
    });
  }

  it("is a change in place for a name or a user that is not known yet", () => {
    for (const name of ["resourceName", "userName"])
      expect(diffClaim(olds, news, new Set([name]))).to.deep.include({ changed: true, replaces: [] });
  });

  it("is work that is left where the device is not handed out", () => {
    expect(diffClaim({ ...olds, status: "KernelRefused" }, news, KNOWN)).to.deep.equal({
      changed: false,
      unfinished: true,
      replaces: [],
    });
  });
});
