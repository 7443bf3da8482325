import { expect } from "chai";
import { networkSpec } from "../../../../provider/core/network/network-spec.js";

describe("networkSpec", () => {
  it("has only what is given", () => {
    expect(networkSpec({ resourceName: "storage", resourceUrn: "urn", kubeconfig: "secret" })).to.deep.equal({
      resourceName: "storage",
    });
  });

  it("has the policy's resource name, whatever was put beside it", () => {
    const policy = { policyName: "p", namespace: "n", resourceName: "fast" };
    expect(networkSpec({ policy, resourceName: "old" }).resourceName).to.equal("fast");
  });

  it("has switches as v1's words", () => {
    expect(networkSpec({ spoofChk: true, trust: false })).to.deep.equal({ spoofChk: "on", trust: "off" });
  });

  it("keeps words as they are", () => {
    expect(networkSpec({ spoofChk: "off", trust: "on" })).to.deep.equal({ spoofChk: "off", trust: "on" });
  });

  it("keeps JSON that is given as text, with its spaces", () => {
    expect(networkSpec({ ipam: ' {"b": 1, "a": 2}' }).ipam).to.equal(' {"b": 1, "a": 2}');
  });

  it("writes one text for an object, whatever the order of its keys, at any depth", () => {
    const one = networkSpec({ ipam: { type: "static", addresses: [{ gateway: "g", address: "a" }] } });
    const other = networkSpec({ ipam: { addresses: [{ address: "a", gateway: "g" }], type: "static" } });
    expect(one.ipam).to.equal('{"addresses":[{"address":"a","gateway":"g"}],"type":"static"}');
    expect(other).to.deep.equal(one);
  });

  it("writes several plugins with commas between, in their order", () => {
    const metaPlugins = [{ type: "vrf" }, { type: "tuning" }];
    expect(networkSpec({ metaPlugins }).metaPlugins).to.equal('{"type":"vrf"},{"type":"tuning"}');
  });

  it("keeps a number that is 0", () => {
    expect(networkSpec({ vlan: 0, maxTxRate: 0 })).to.deep.equal({ vlan: 0, maxTxRate: 0 });
  });
});
