import { expect } from "chai";
import type { SriovNetworkDevice } from "../../../../api/sriov-network-device.js";
import { snapshotOf } from "../../../../plan/policies/snapshot-of.js";
import { policy } from "./facts.js";

const DEVICE: SriovNetworkDevice = {
  metadata: {
    name: "node1-ens803f1",
    annotations: {
      "sriov.devices.harvesterhi.io/interface-name": "ens803f1",
      "devices.harvesterhci.io/net-filter": "openstack/NetworkID:1",
    },
  },
  spec: { address: "0000:86:00.1", nodeName: "node1" },
  status: {
    interfaceName: "ens803f1",
    alternativeNames: ["enp134s0f1"],
    vendorId: "8086",
    deviceId: "158b",
    totalVFs: 64,
    linkType: "eth",
  },
};

describe("a snapshot", () => {
  it("has what a device reports of its NIC", () => {
    expect(snapshotOf([], [], [DEVICE]).nics).to.deep.equal([
      {
        device: "node1-ens803f1",
        nodeName: "node1",
        address: "0000:86:00.1",
        interfaceName: "ens803f1",
        alternativeNames: ["enp134s0f1"],
        vendorId: "8086",
        deviceId: "158b",
        totalVfs: 64,
        linkType: "eth",
        netFilter: "openstack/NetworkID:1",
      },
    ]);
  });

  it("has the interface's name from the annotation, and nothing else, before a device reports anything", () => {
    const { metadata, spec } = DEVICE;
    expect(snapshotOf([], [], [{ metadata, spec }]).nics[0]).to.deep.include({
      interfaceName: "ens803f1",
      alternativeNames: [],
      vendorId: "",
      deviceId: "",
      totalVfs: undefined,
      linkType: undefined,
    });
  });

  it("has the interface's last name where the interface is out of sight", () => {
    const away: SriovNetworkDevice = { ...DEVICE, status: { ...DEVICE.status, interfaceName: "" } };
    expect(snapshotOf([], [], [away]).nics[0]?.interfaceName).to.equal("ens803f1");
  });

  it("has no interface's name where nobody tells one", () => {
    const bare: SriovNetworkDevice = { metadata: { name: "x" }, spec: DEVICE.spec };
    expect(snapshotOf([], [], [bare]).nics[0]).to.deep.include({ interfaceName: "", netFilter: undefined });
  });

  it("has no link type where the NIC has no interface to tell it", () => {
    const { nics } = snapshotOf([], [], [{ ...DEVICE, status: { ...DEVICE.status, linkType: "" } }]);
    expect(nics[0]?.linkType).to.equal(undefined);
  });

  it("has NICs whose hardware is gone, so that they find their VFs asked for when they come back", () => {
    const lastTransitionTime = "2026-01-01T00:00:00Z";
    const gone = { type: "Ready", status: "False", reason: "DeviceGone", message: "", lastTransitionTime } as const;
    expect(snapshotOf([], [], [{ ...DEVICE, status: { ...DEVICE.status, conditions: [gone] } }]).nics.length).to.equal(
      1,
    );
  });

  it("has the labels of nodes, none where a node has none", () => {
    const nodes = [{ metadata: { name: "node1", labels: { rack: "a" } } }, { metadata: { name: "node2" } }];
    expect(snapshotOf([], nodes, []).nodes).to.deep.equal([
      { name: "node1", labels: { rack: "a" } },
      { name: "node2", labels: {} },
    ]);
  });

  it("has policies, but for those that are being deleted", () => {
    const { spec } = policy("p1");
    const policies = [
      { metadata: { name: "p1", namespace: "pulumi-sriov" }, spec },
      { metadata: { name: "p2", deletionTimestamp: "2026-01-01T00:00:00Z" }, spec },
    ];
    expect(snapshotOf(policies, [], []).policies).to.deep.equal([{ name: "p1", spec }]);
  });
});
