import { expect } from "chai";
import type { Node } from "../../../api/core.js";
import { Label } from "../../../api/names.js";
import type { SriovNetworkDevice } from "../../../api/sriov-network-device.js";
import { capabilityOfDevices, capabilityOfNodes, capabilityOfStates } from "../../../provider/core/capability.js";

function node(name: string, capable?: "true" | "false"): Node {
  return { metadata: { name, ...(capable !== undefined && { labels: { [Label.capable]: capable } }) } };
}
function device(nodeName: string, interfaceName: string, address: string, reason = "Unmanaged"): SriovNetworkDevice {
  const ready = { type: "Ready", status: "True", reason, message: "", lastTransitionTime: "" } as const;
  return {
    metadata: { name: `${nodeName}-${interfaceName}` },
    spec: { nodeName, address },
    status: { interfaceName, totalVFs: 63, vendorId: "8086", deviceId: "1528", driver: "ixgbe", conditions: [ready] },
  };
}
const eno49 = device("node1", "eno49", "0000:04:00.0");
const eno50 = device("node1", "eno50", "0000:04:00.1");

describe("the capability of nodes", () => {
  it("is there where one node is labelled so", () => {
    expect(capabilityOfNodes([node("node1", "true"), node("node2", "false")], [eno49]).capable).to.equal(true);
  });

  it("is not there where all that have reported have none", () => {
    const { capable, nodes, unreported } = capabilityOfNodes([node("node1", "false"), node("node2", "false")], []);
    expect({ capable, unreported, names: nodes.map(({ nodeName }) => nodeName) }).to.deep.equal({
      capable: false,
      unreported: [],
      names: ["node1", "node2"],
    });
  });

  it("tells apart the nodes that have not reported", () => {
    const { nodes, unreported } = capabilityOfNodes([node("node3"), node("node1", "true"), node("node2")], [eno49]);
    expect(nodes.map(({ nodeName }) => nodeName)).to.deep.equal(["node1"]);
    expect(unreported).to.deep.equal(["node2", "node3"]);
  });

  it("is that of the NICs where nodes are not marked, and nodes without any have not reported", () => {
    const { nodes, unreported } = capabilityOfDevices([eno49], [node("node2"), node("node1")]);
    expect(nodes.map(({ nodeName, capable }) => [nodeName, capable])).to.deep.equal([["node1", true]]);
    expect(unreported).to.deep.equal(["node2"]);
  });

  it("lists each node's NICs by address", () => {
    const { nodes } = capabilityOfNodes([node("node1", "true")], [eno50, eno49, device("node2", "x", "0000:01:00.0")]);
    expect(nodes[0]?.devices).to.deep.equal([
      {
        interfaceName: "eno49",
        address: "0000:04:00.0",
        totalVfs: 63,
        numVfs: 0,
        vendorId: "8086",
        deviceId: "1528",
        driver: "ixgbe",
      },
      {
        interfaceName: "eno50",
        address: "0000:04:00.1",
        totalVfs: 63,
        numVfs: 0,
        vendorId: "8086",
        deviceId: "1528",
        driver: "ixgbe",
      },
    ]);
  });

  it("leaves out NICs that are gone", () => {
    const gone = device("node1", "eno51", "0000:05:00.0", "DeviceGone");
    expect(capabilityOfNodes([node("node1", "false")], [gone]).nodes[0]?.devices).to.deep.equal([]);
  });

  it("goes by the NICs where nodes cannot be seen", () => {
    const { capable, nodes, unreported } = capabilityOfDevices([eno49, eno50]);
    expect({ capable, unreported }).to.deep.equal({ capable: true, unreported: [] });
    expect(nodes.map(({ nodeName, devices }) => [nodeName, devices.length])).to.deep.equal([["node1", 2]]);
  });

  it("is not there where neither nodes nor NICs can be seen", () => {
    expect(capabilityOfDevices([])).to.deep.equal({ capable: false, nodes: [], unreported: [] });
  });
});

describe("the capability of the operator's nodes", () => {
  const nic = { name: "ens1f0", pciAddress: "0000:3b:00.0", totalvfs: 8, numVfs: 2, vendor: "15b3", deviceID: "1017" };

  it("is there where a state has a NIC that can have VFs", () => {
    const { capable, nodes } = capabilityOfStates([{ metadata: { name: "w1" }, status: { interfaces: [nic] } }]);
    expect(capable).to.equal(true);
    expect(nodes[0]?.devices).to.deep.equal([
      {
        interfaceName: "ens1f0",
        address: "0000:3b:00.0",
        totalVfs: 8,
        numVfs: 2,
        vendorId: "15b3",
        deviceId: "1017",
        driver: "",
      },
    ]);
  });

  it("is not there where NICs can have none", () => {
    const interfaces = [{ ...nic, totalvfs: 0 }, { pciAddress: "0000:01:00.0" }];
    expect(capabilityOfStates([{ metadata: { name: "w1" }, status: { interfaces } }])).to.deep.equal({
      capable: false,
      nodes: [{ nodeName: "w1", capable: false, devices: [] }],
      unreported: [],
    });
  });

  it("is not known of a state without status", () => {
    expect(capabilityOfStates([{ metadata: { name: "w1" } }]).unreported).to.deep.equal(["w1"]);
  });
});
