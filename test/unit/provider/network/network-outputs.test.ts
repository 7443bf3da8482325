import { expect } from "chai";
import type { SriovNetwork, SriovNetworkSpec } from "../../../../api/sriov-network.js";
import {
  liveSettings,
  networkOutputs,
  type NetworkOutputs,
} from "../../../../provider/core/network/network-outputs.js";

function network(spec: SriovNetworkSpec): SriovNetwork {
  return { metadata: { name: "storage", namespace: "pulumi-sriov" }, spec };
}
const ours: Partial<NetworkOutputs> = { networkName: "storage", fieldManager: "pulumi-sriov-x", resourceUrn: "urn" };

describe("networkOutputs", () => {
  it("have the attachment in the network's own namespace", () => {
    const outputs = networkOutputs(network({ resourceName: "fast" }), {}, "Attached", undefined);
    expect(outputs.attachmentNamespace).to.equal("pulumi-sriov");
    expect(outputs.networkAttachmentDefinition).to.equal("pulumi-sriov/storage");
  });

  it("have the attachment where the network says", () => {
    const outputs = networkOutputs(network({ networkNamespace: "web" }), {}, "Attached", undefined);
    expect(outputs.networkAttachmentDefinition).to.equal("web/storage");
  });

  it("take an empty networkNamespace for none", () => {
    const outputs = networkOutputs(network({ networkNamespace: "" }), {}, "Attached", undefined);
    expect(outputs.attachmentNamespace).to.equal("pulumi-sriov");
  });

  it("have the live resource name", () => {
    const outputs = networkOutputs(network({ resourceName: "fast" }), { resourceName: "slow" }, "Attached", "manager");
    expect(outputs).to.include({ resourceName: "fast", status: "Attached", fieldManager: "manager" });
  });
});

describe("liveSettings", () => {
  it("have what has drifted", () => {
    expect(liveSettings(network({ vlan: 7 }), { ...ours, vlan: 5 }).vlan).to.equal(7);
  });

  it("keep the program's way to write what is still the same", () => {
    const ipam = { type: "dhcp" };
    const live = network({ ipam: '{"type":"dhcp"}', trust: "on" });
    expect(liveSettings(live, { ...ours, ipam, trust: true })).to.deep.include({ ipam, trust: true });
  });

  it("lack what somebody took away", () => {
    expect(liveSettings(network({}), { ...ours, vlan: 5 })).not.to.have.property("vlan");
  });

  it("leave out what others have set, or the API server by default", () => {
    expect(liveSettings(network({ logLevel: "info" }), { ...ours, vlan: 5 })).not.to.have.property("logLevel");
  });

  it("have all of a network that is looked up", () => {
    const spec = { vlan: 7, logLevel: "info", ipam: '{"type":"dhcp"}' } as const;
    expect(liveSettings(network(spec), { context: "lab" })).to.deep.equal({ ...spec, context: "lab" });
  });

  it("have another resource name as a difference of the policy", () => {
    const policy = { policyName: "p", namespace: "n", resourceName: "fast" };
    const olds = { ...ours, policy, resourceName: "fast" };
    const settings = liveSettings(network({ resourceName: "slow" }), olds);
    expect(settings.policy).to.deep.equal({ ...policy, resourceName: "slow" });
  });

  it("keep what is no part of the spec", () => {
    const olds = { ...ours, requireCapableNode: false, timeouts: { create: "1m" } };
    expect(liveSettings(network({}), olds)).to.deep.include({ requireCapableNode: false, timeouts: { create: "1m" } });
  });
});
