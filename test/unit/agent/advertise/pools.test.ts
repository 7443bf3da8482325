import { expect } from "chai";
import { claim, inWords, nic, type NicParts, pciDevice, PF, poolsOf, vf } from "./snapshot.js";

const FAST = "example.com/fast";
const all = [vf(0), vf(1), vf(2), vf(3)];

describe("what is offered of policies' VFs", () => {
  const offered = (parts: NicParts): string[] => inWords(poolsOf({ nics: [nic(parts)] }))[FAST] ?? [];

  const offers: readonly (readonly [what: string, parts: NicParts, addresses: readonly string[]])[] = [
    ["all VFs of a group", {}, all],
    ["those in its range alone", { group: { vfRange: "1-2" } }, [vf(1), vf(2)]],
    ["those that there are of a range that goes beyond", { vfs: [0, 1], spec: { numVFS: 2 } }, [vf(0), vf(1)]],
    ["nothing of a range that is none", { group: { vfRange: "3-1" } }, []],
    ["nothing of another node", { spec: { nodeName: "node2" } }, []],
    ["none without a driver", { vf: (index) => (index === 0 ? { driver: undefined as never } : {}) }, all.slice(1)],
    ["none that a guest could have, of a group for pods", { vf: () => ({ driver: "vfio-pci" }) }, []],
    ["none with another driver that makes no interface", { vf: () => ({ driver: "igb_uio" }) }, []],
    ["none with a network driver, of a group for guests", { group: { deviceType: "vfio-pci" } }, []],
    ["those that pods have", { vf: () => ({ usedBy: "pod web/router-0" }) }, all],
    [
      "none that is part of the node's network",
      { vf: (i) => (i ? {} : { usedBy: "interface eth3 in br0" }) },
      all.slice(1),
    ],
    [
      "none that carries the node's address",
      { vf: () => ({ usedBy: "pod a/b, interface e with address 192.0.2.1" }) },
      [],
    ],
    ["none of a NIC that is at work", { reason: "Configuring" }, []],
    [
      "none of a NIC whose count has just been changed",
      { spec: { numVFS: 6 }, generation: 2, observedGeneration: 1 },
      [],
    ],
    ["those of a NIC whose new count was refused", { spec: { numVFS: 6 }, reason: "InUse" }, all],
    ["those of a NIC of which something else was changed", { generation: 2, observedGeneration: 1 }, all],
    ["those of a NIC that must not be changed any more", { reason: "NotEligible" }, all],
    ["none of a NIC that is gone", { reason: "DeviceGone" }, []],
  ];
  for (const [what, parts, addresses] of offers) {
    it(`is ${what}`, () => {
      expect(offered(parts)).to.deep.equal(addresses);
    });
  }

  it("for guests has the device node of each VF's group, which may be read and written", () => {
    const found = poolsOf({ nics: [nic({ group: { deviceType: "vfio-pci" }, vf: () => ({ driver: "vfio-pci" }) })] });
    expect(found.get(FAST)?.get(vf(2))).to.deep.include({ vfio: { iommuGroup: "42", permissions: "rw" } });
  });

  it("for guests is nothing without an IOMMU group", () => {
    const withoutGroup = { driver: "vfio-pci", iommuGroup: undefined as never };
    expect(offered({ group: { deviceType: "vfio-pci" }, vf: () => withoutGroup })).to.deep.equal([]);
  });

  it("has what its policy says of vhost and topology, and which VF it is", () => {
    const found = poolsOf({ nics: [nic({ group: { needVhostNet: true, excludeTopology: true } })] });
    expect(found.get(FAST)?.get(vf(3))).to.deep.equal({
      address: vf(3),
      vf: { physicalFunction: PF, index: 3 },
      needVhostNet: true,
      excludeTopology: true,
    });
  });

  it("is in a pool of its own for each policy of a NIC", () => {
    const group = (resourceName: string, vfRange: string) => ({ resourceName, policyName: resourceName, vfRange });
    const vfGroups = [group("fast", "0-0"), group("slow", "1-3")];
    expect(inWords(poolsOf({ nics: [nic({ spec: { vfGroups } })] }))).to.deep.equal({
      [FAST]: [vf(0)],
      "example.com/slow": all.slice(1),
    });
  });

  it("is one pool where policies of several NICs have one name", () => {
    const other = nic({
      name: "node1-other",
      spec: { address: "0000:05:00.0" },
      vf: (index) => ({ address: `0000:05:10.${index}` }),
    });
    expect(inWords(poolsOf({ nics: [nic(), other] }))[FAST]).to.have.length(8);
  });
});

describe("what was offered", () => {
  const before = poolsOf({ nics: [nic()] });
  const after = (parts: NicParts): string[] => inWords(poolsOf({ nics: [nic(parts)] }, before))[FAST] ?? [];
  const ill = (reason: string): string[] => all.map((address) => `${address}: ${reason}`);

  const keeps: readonly (readonly [what: string, parts: NicParts, inWords: readonly string[]])[] = [
    ["is ill while its NIC is at work", { reason: "Configuring" }, ill("node1-nic is being configured")],
    [
      "is ill as soon as its NIC is to have another count",
      { spec: { numVFS: 6 }, generation: 2, observedGeneration: 1 },
      ill("node1-nic is to have another count of VFs"),
    ],
    [
      "is ill while it is not there",
      { vfs: [0, 1] },
      [vf(0), vf(1), `${vf(2)}: it is not there`, `${vf(3)}: it is not there`],
    ],
    [
      "is ill while it has another driver",
      { vf: () => ({ driver: "vfio-pci" }) },
      ill("its driver is vfio-pci, not a network driver"),
    ],
    [
      "is ill while the node uses it",
      { vf: () => ({ usedBy: "interface eth3 in br0" }) },
      ill("the node uses it: interface eth3 in br0"),
    ],
    ["goes where fewer VFs are asked for", { vfs: [0], spec: { numVFS: 1 } }, [vf(0)]],
    ["goes with its group", { spec: { vfGroups: [] }, reason: "Configuring" }, []],
    ["goes where its group is another part of the NIC", { group: { vfRange: "0-1" } }, [vf(0), vf(1)]],
  ];
  for (const [what, parts, inWords] of keeps) {
    it(what, () => {
      expect(after(parts)).to.deep.equal(inWords);
    });
  }

  it("and is ill stays so for whoever looks again", () => {
    const once = poolsOf({ nics: [nic({ vfs: [] })] }, before);
    expect(inWords(poolsOf({ nics: [nic({ vfs: [] })] }, once))[FAST]).to.deep.equal(ill("it is not there"));
  });

  it("under one name and is allocated is not offered under another", () => {
    const allocated = new Map([[vf(1), FAST]]);
    const renamed = nic({ group: { resourceName: "other" } });
    expect(inWords(poolsOf({ nics: [renamed], allocated }, before))).to.deep.equal({
      "example.com/other": [vf(0), vf(2), vf(3)],
    });
  });

  it("and is allocated stays under its own name", () => {
    const allocated = new Map([[vf(1), FAST]]);
    expect(inWords(poolsOf({ nics: [nic()], allocated }, before))[FAST]).to.deep.equal(all);
  });
});

describe("what is offered of claimed functions", () => {
  const pciDevices = [pciDevice(vf(1))];
  const VF = "intel.com/VF";

  it("is under the name that the claim's status says, and in no pool of a policy", () => {
    expect(inWords(poolsOf({ nics: [nic()], claims: [claim()], pciDevices }))).to.deep.equal({
      [VF]: [vf(1)],
      [FAST]: [vf(0), vf(2), vf(3)],
    });
  });

  it("has its group's device node, which the guest may make too", () => {
    const found = poolsOf({ claims: [claim()], pciDevices });
    expect(found.get(VF)?.get(vf(1))).to.deep.include({ vfio: { iommuGroup: "41", permissions: "mrw" } });
  });

  it("may be in a pool with a policy's VFs of the same name", () => {
    const claims = [claim({ status: { resourceName: FAST } })];
    expect([...(inWords(poolsOf({ nics: [nic()], claims, pciDevices }))[FAST] ?? [])].sort()).to.deep.equal(all);
  });

  const nothing: readonly (readonly [what: string, parts: Parameters<typeof claim>[0], driver?: string])[] = [
    ["before it is bound", { status: { passthroughEnabled: false }, reason: "Binding" }],
    ["without a name", { status: { resourceName: "" } }],
    ["of another node", { nodeName: "node2" }],
    ["while the claim is not ready", { reason: "DeviceAway" }],
    ["while the claim is released", { deleted: true }],
    ["with another driver", {}, "igbvf"],
  ];
  for (const [what, parts, kernelDriverInUse = "vfio-pci"] of nothing) {
    it(`is nothing ${what}`, () => {
      const objects = [pciDevice(vf(1), { kernelDriverInUse })];
      expect(inWords(poolsOf({ claims: [claim(parts)], pciDevices: objects }))).to.deep.equal({});
    });
  }

  it("is ill while a pod has another function of its IOMMU group", () => {
    const claims = [claim(), claim({ address: vf(2) })];
    const pciDevices = [pciDevice(vf(1)), pciDevice(vf(2))];
    const before = poolsOf({ claims, pciDevices });
    const allocated = new Map([[vf(2), VF]]);
    expect(inWords(poolsOf({ claims, pciDevices, allocated }, before))[VF]).to.deep.equal([
      `${vf(1)}: a pod has ${vf(2)} of its IOMMU group 41`,
      vf(2),
    ]);
  });

  it("is ill, and stays, while its VF is away", () => {
    const before = poolsOf({ claims: [claim()], pciDevices });
    const away = {
      claims: [claim({ reason: "DeviceAway" })],
      pciDevices: [pciDevice(vf(1), { kernelDriverInUse: "" })],
    };
    expect(inWords(poolsOf(away, before))).to.deep.equal({
      [VF]: [`${vf(1)}: its claim node1-000004102 is not ready: DeviceAway`],
    });
  });

  it("is ill once its claim is deleted, while a guest may have it", () => {
    const before = poolsOf({ claims: [claim()], pciDevices });
    expect(inWords(poolsOf({ claims: [claim({ deleted: true })], pciDevices }, before))[VF]).to.deep.equal([
      `${vf(1)}: its claim node1-000004102 is being released`,
    ]);
  });

  const reasons: readonly (readonly [reason: Parameters<typeof claim>[0], taken: boolean])[] = [
    [{ reason: "Binding" }, true],
    [{ reason: "KernelRefused" }, true],
    [{ reason: "DeviceAway" }, true],
    [{ reason: "Releasing" }, true],
    [{ reason: "InUse" }, false],
    [{ reason: "GroupInUse" }, false],
    [{ reason: "NoIommu" }, false],
    [{ reason: "InvalidResourceName" }, false],
    [{ nodeName: "node2" }, false],
  ];
  for (const [parts, taken] of reasons) {
    it(`takes its VF out of its pool, or not, by what has become of it: ${JSON.stringify(parts)}`, () => {
      const claims = [claim({ ...parts, status: { passthroughEnabled: false } })];
      expect(inWords(poolsOf({ nics: [nic()], claims }))[FAST]).to.deep.equal(taken ? [vf(0), vf(2), vf(3)] : all);
    });
  }

  it("takes its VF out before the agent has looked at the claim", () => {
    const { metadata, spec } = claim();
    expect(inWords(poolsOf({ nics: [nic()], claims: [{ metadata, spec }] }))[FAST]).to.not.include(vf(1));
  });

  it("stays the claim's, whatever came of a later change of it", () => {
    const claims = [claim({ reason: "InvalidResourceName" })];
    expect(inWords(poolsOf({ nics: [nic()], claims, pciDevices }))[FAST]).to.not.include(vf(1));
  });
});

describe("what is offered of VFs that a machine was given", () => {
  it("is in a pool of their kind, without which NIC they are of", () => {
    const given = [{ address: "0000:06:00.0", resourceName: "82576_VIRTUAL_FUNCTION" }];
    expect([...(poolsOf({ given }).get("example.com/82576_VIRTUAL_FUNCTION")?.values() ?? [])]).to.deep.equal([
      { address: "0000:06:00.0", needVhostNet: false, excludeTopology: false },
    ]);
  });

  it("is nothing that is claimed", () => {
    const given = [{ address: vf(1), resourceName: "nic" }];
    expect(inWords(poolsOf({ given, claims: [claim()], pciDevices: [pciDevice(vf(1))] }))).to.deep.equal({
      "intel.com/VF": [vf(1)],
    });
  });
});
