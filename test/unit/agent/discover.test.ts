import { expect } from "chai";
import { discover } from "../../../reconciler/agent/discovery/discover.js";
import { eligibilityOf, type NodeNeeds } from "../../../reconciler/agent/discovery/eligibility.js";
import {
  KernelError,
  type NetworkInterface,
  type NodeSnapshot,
  parsePciAddress,
  type PhysicalFunction,
} from "../../../reconciler/kernel/kernel.js";
import { physicalFunction, port } from "./nic.js";

function snapshotOf(physicalFunctions: readonly PhysicalFunction[], more: Partial<NodeSnapshot> = {}): NodeSnapshot {
  const nothing = { incapable: [], defaultRouteInterfaces: [], interfaceAddresses: {}, unreadable: [] };
  return { physicalFunctions, ...nothing, ...more };
}

function needing(more: Partial<NodeNeeds> = {}): NodeNeeds {
  const managementInterfaces = ["mgmt-br", "mgmt-bo"];
  return { managementInterfaces, apiServerConnection: undefined, vlanUplinks: new Map(), ...more };
}

describe("discovery", () => {
  it("offers a NIC under its first port", () => {
    const nic = physicalFunction({ interfaces: [port("eno49"), port("eno50")] });
    expect(discover(snapshotOf([nic]), needing())).to.deep.equal({
      devices: [{ address: nic.address, interfaceName: "eno49", physicalFunction: nic }],
      skipped: [],
      unusable: [],
      incomplete: false,
    });
  });

  it("offers a NIC that has no interface", () => {
    const { devices } = discover(snapshotOf([physicalFunction({ interfaces: [] })]), needing());
    expect(devices[0]).to.have.property("interfaceName", "");
  });

  it("leaves out one NIC and offers the others", () => {
    const other = physicalFunction({ interfaces: [port("eno50")] });
    const snapshot = snapshotOf([physicalFunction(), other], { defaultRouteInterfaces: ["eno49"] });
    const { devices, skipped } = discover(snapshot, needing());
    expect(devices.map(({ interfaceName }) => interfaceName)).to.deep.equal(["eno50"]);
    expect(skipped.map(({ interfaceName }) => interfaceName)).to.deep.equal(["eno49"]);
  });

  describe("of VFs that this machine was given", () => {
    const vf = { address: parsePciAddress("0000:06:00.0"), interfaceName: "enp6s0" };
    const snapshot = snapshotOf([], {
      incapable: [vf, { address: parsePciAddress("0000:05:00.0"), interfaceName: "" }],
    });

    it("leaves none out that is free", () => {
      const { unusable } = discover(snapshot, needing(), [{ address: vf.address }]);
      expect(unusable.map(({ address }) => address)).to.deep.equal(["0000:05:00.0"]);
    });

    it("tells what one is needed for", () => {
      const given = [{ address: vf.address, neededFor: "enp6s0 carries the node's default route (enp6s0)" }];
      expect(discover(snapshot, needing(), given).unusable[0]).to.deep.equal({
        ...vf,
        reason: "enp6s0 carries the node's default route (enp6s0)",
      });
    });
  });

  it("tells of a NIC that can have no VFs what it lacks", () => {
    const incapable = [{ address: parsePciAddress("0000:05:00.0"), interfaceName: "eth0" }];
    const { devices, unusable } = discover(snapshotOf([], { incapable }), needing());
    expect(devices).to.deep.equal([]);
    expect(unusable[0]).to.include({ address: "0000:05:00.0", interfaceName: "eth0" });
    expect(unusable[0]?.reason).to.match(/offers no virtual functions \(sriov_totalvfs is missing or 0\)/);
  });

  it("tells of a device that cannot be read in the kernel's words", () => {
    const error = new KernelError("EIO", "/sys/bus/pci/devices/0000:05:00.0/vendor", "read");
    const unreadable = [{ address: parsePciAddress("0000:05:00.0"), error }];
    const { unusable, incomplete } = discover(snapshotOf([], { unreadable }), needing());
    expect(unusable[0]?.reason).to.equal(
      "it cannot be read: read /sys/bus/pci/devices/0000:05:00.0/vendor: input/output error (EIO)",
    );
    expect(incomplete).to.equal(true);
  });

  interface Case {
    readonly title: string;
    readonly ports?: readonly NetworkInterface[];
    readonly snapshot?: Partial<NodeSnapshot>;
    readonly needs?: Partial<NodeNeeds>;
    /** Absent: the NIC is offered. */
    readonly reason?: string;
  }

  const cases: readonly Case[] = [
    { title: "a member of a bridge that is not for management", ports: [port("eno49", ["vm-br"])] },
    {
      title: "a member of a management bridge",
      ports: [port("eno49", ["mgmt-br"])],
      reason: "eno49 belongs to the management interface mgmt-br",
    },
    {
      title: "a member of a bond in a management bridge",
      ports: [port("eno49", ["bond0", "mgmt-br"])],
      reason: "eno49 belongs to the management interface mgmt-br",
    },
    {
      title: "a NIC whose VLAN is in a bond in a management bridge",
      ports: [port("eno49", ["eno49.5", "bond0", "bond0.7", "mgmt-br"])],
      reason: "eno49 belongs to the management interface mgmt-br",
    },
    {
      title: "a NIC that is a management interface itself",
      needs: { managementInterfaces: ["eno49"] },
      reason: "eno49 is a management interface of the node",
    },
    {
      title: "a NIC whose second port belongs to management",
      ports: [port("eno49"), port("eno50", ["mgmt-bo"])],
      reason: "eno50 belongs to the management interface mgmt-bo",
    },
    {
      title: "a NIC that carries the default route",
      snapshot: { defaultRouteInterfaces: ["eno49"] },
      reason: "eno49 carries the node's default route (eno49)",
    },
    {
      title: "a NIC whose bridge's VLAN carries the default route",
      ports: [port("eno49", ["br0", "br0.100"])],
      snapshot: { defaultRouteInterfaces: ["br0.100"] },
      reason: "eno49 carries the node's default route (br0.100)",
    },
    {
      title: "a NIC whose second port carries the default route",
      ports: [port("eno49"), port("eno50")],
      snapshot: { defaultRouteInterfaces: ["eno50"] },
      reason: "eno50 carries the node's default route (eno50)",
    },
    {
      title: "a NIC with the address by which the API server is reached",
      snapshot: { interfaceAddresses: { eno49: ["fd00::5", "10.0.0.5"] } },
      needs: { apiServerConnection: "10.0.0.5" },
      reason: "eno49 carries the node's connection to the API server (10.0.0.5 on eno49)",
    },
    {
      title: "a NIC whose bond's VLAN has that address, in IPv6's form",
      ports: [port("eno49", ["bond0", "bond0.9"])],
      snapshot: { interfaceAddresses: { "bond0.9": ["10.0.0.5"] } },
      needs: { apiServerConnection: "::ffff:10.0.0.5" },
      reason: "eno49 carries the node's connection to the API server (::ffff:10.0.0.5 on bond0.9)",
    },
    {
      title: "a NIC with that address written another way",
      snapshot: { interfaceAddresses: { eno49: ["FD00:0::5"] } },
      needs: { apiServerConnection: "fd00::5" },
      reason: "eno49 carries the node's connection to the API server (fd00::5 on eno49)",
    },
    {
      title: "a NIC, although another has that address",
      snapshot: { interfaceAddresses: { eno50: ["10.0.0.5"], eno49: ["10.0.0.6"] } },
      needs: { apiServerConnection: "10.0.0.5" },
    },
    ...["127.0.0.1", "127.0.1.1", "::1", "::ffff:127.0.0.1"].map((loopback) => ({
      title: `a NIC with ${loopback}, where that is how the API server is reached`,
      snapshot: { interfaceAddresses: { eno49: [loopback] } },
      needs: { apiServerConnection: loopback },
    })),
    {
      title: "an uplink of a VlanConfig",
      needs: { vlanUplinks: new Map([["eno49", "vlans-rack1"]]) },
      reason: "eno49 is an uplink of the VlanConfig vlans-rack1 on this node",
    },
    {
      title: "a NIC whose bond is an uplink of a VlanConfig",
      ports: [port("eno49", ["bond1"])],
      needs: { vlanUplinks: new Map([["bond1", "rack7"]]) },
      reason: "eno49 belongs to bond1, which is an uplink of the VlanConfig rack7 on this node",
    },
    {
      title: "a NIC whose second port is an uplink of a VlanConfig",
      ports: [port("eno49"), port("eno50")],
      needs: { vlanUplinks: new Map([["eno50", "vlans-rack1"]]) },
      reason: "eno50 is an uplink of the VlanConfig vlans-rack1 on this node",
    },
  ];
  it("gives the condition Eligible one word for each reason, and a sentence", () => {
    const words = cases.map(({ ports = [port("eno49")], snapshot, needs }) => {
      const network = snapshotOf([], snapshot);
      return eligibilityOf(physicalFunction({ interfaces: ports }), network, needing(needs)).reason;
    });
    const known = ["ApiServerConnection", "DefaultRoute", "Eligible", "ManagementInterface", "VlanUplink"];
    expect([...new Set(words)].sort()).to.deep.equal(known);
  });

  for (const { title, ports, snapshot, needs, reason } of cases) {
    it(`${reason === undefined ? "offers" : "leaves out"} ${title}`, () => {
      const nic = physicalFunction({ ...(ports && { interfaces: ports }) });
      const { devices, skipped } = discover(snapshotOf([nic], snapshot), needing(needs));
      expect(skipped.map((nic) => nic.reason)).to.deep.equal(reason === undefined ? [] : [reason]);
      expect(devices).to.have.length(reason === undefined ? 1 : 0);
    });
  }
});
