import { expect } from "chai";
import { inspect } from "node:util";
import { maxUnavailableProblem, policySpecProblems } from "../../../../plan/policies/policy-inputs.js";

const SPEC = { resourceName: "storage", nodeSelector: {}, nicSelector: { vendor: "8086" }, numVfs: 4 };

const reasons = (spec: Readonly<Record<string, unknown>>) =>
  policySpecProblems({ ...SPEC, ...spec }).map(({ reason }) => reason);

describe("the spec of a policy", () => {
  const accepted: readonly Readonly<Record<string, unknown>>[] = [
    {},
    { resourceName: "a" },
    { resourceName: "Intel_nics-2" },
    { resourceName: "a".repeat(63) },
    { nodeSelector: { "feature.node.kubernetes.io/network-sriov.capable": "true" } },
    { numVfs: 0 },
    { priority: 0 },
    { priority: 99 },
    { mtu: 1 },
    { mtu: undefined },
    { deviceType: "netdevice" },
    { deviceType: "vfio-pci", isRdma: false },
    { deviceType: "netdevice", isRdma: true },
    { needVhostNet: true, excludeTopology: false, externallyManaged: true },
    { linkType: "eth" },
    { linkType: "ETH", eSwitchMode: "switchdev" },
    { linkType: "ib" },
    { linkType: "IB", eSwitchMode: "legacy" },
    { eSwitchMode: "switchdev", vdpaType: "virtio", deviceType: "netdevice" },
    { eSwitchMode: "switchdev", vdpaType: "vhost" },
    { eSwitchMode: "switchdev", bridge: { ovs: {} } },
    { bridge: {}, externallyManaged: true },
    { bridge: { ovs: undefined } },
    { nicSelector: { deviceID: "158B" } },
    { nicSelector: { rootDevices: ["0000:86:00.1"] } },
    { nicSelector: { pfNames: ["ens1f0#0-3", "ens1f1"] } },
    { nicSelector: { vendor: "", deviceID: "", rootDevices: [], pfNames: ["ens1f0"], netFilter: "" } },
    { nicSelector: { netFilter: "openstack/NetworkID:3b0a4d5e" }, linkType: "eth" },
    { nicSelector: { netFilter: "aws/NetworkID:subnet-1" } },
    { nicSelector: { netFilter: " openstack/NetworkID : 3b0a4d5e " } },
  ];
  for (const spec of accepted) {
    it(`may have ${inspect(spec, { breakLength: Infinity })}`, () => expect(reasons(spec)).to.deep.equal([]));
  }

  const name = "must be 1 to 63 letters, digits, - or _ that begin and end with a letter or digit, not";
  const pfName =
    "must be the name of an interface, with or without a range of VFs from the lower to the higher " +
    '("ens1f0", "ens1f0#0-3"), not';
  const refused: readonly (readonly [Readonly<Record<string, unknown>>, ...(readonly string[])])[] = [
    [{ resourceName: undefined }, "resourceName must be given"],
    [{ resourceName: "" }, `resourceName ${name} the text ""`],
    [{ resourceName: "-a" }, `resourceName ${name} the text "-a"`],
    [{ resourceName: "a_" }, `resourceName ${name} the text "a_"`],
    [{ resourceName: "a.b" }, `resourceName ${name} the text "a.b"`],
    [{ resourceName: "a\n" }, `resourceName ${name} the text "a\\n"`],
    [{ resourceName: "b".repeat(64) }, `resourceName ${name} the text "${"b".repeat(64)}"`],
    [{ resourceName: 7 }, `resourceName ${name} number 7`],
    [{ nodeSelector: undefined }, "nodeSelector must be given"],
    [{ nodeSelector: "rack" }, 'nodeSelector must be a map, not the text "rack"'],
    [{ nodeSelector: [] }, "nodeSelector must be a map, not a list"],
    [{ nodeSelector: { sriov: true } }, "nodeSelector.sriov must be a text, not boolean true"],
    [{ numVfs: undefined }, "numVfs must be given"],
    [{ numVfs: -1 }, "numVfs must be a whole number, 0 or more, not number -1"],
    [{ numVfs: 1.5 }, "numVfs must be a whole number, 0 or more, not number 1.5"],
    [{ numVfs: "4" }, 'numVfs must be a whole number, 0 or more, not the text "4"'],
    [{ numVfs: null }, "numVfs must be a whole number, 0 or more, not nothing"],
    [{ priority: -1 }, "priority must be a whole number from 0 to 99, not number -1"],
    [{ priority: 100 }, "priority must be a whole number from 0 to 99, not number 100"],
    [{ mtu: 0 }, "mtu must be a whole number, 1 or more, not number 0"],
    [{ deviceType: "vfio" }, 'deviceType must be "netdevice" or "vfio-pci", not the text "vfio"'],
    [{ isRdma: "yes" }, 'isRdma must be true or false, not the text "yes"'],
    [{ needVhostNet: 1 }, "needVhostNet must be true or false, not number 1"],
    [{ excludeTopology: {} }, "excludeTopology must be true or false, not an object"],
    [{ externallyManaged: "no" }, 'externallyManaged must be true or false, not the text "no"'],
    [{ linkType: "Eth" }, 'linkType must be "eth" or "ETH" or "ib" or "IB", not the text "Eth"'],
    [{ eSwitchMode: "off" }, 'eSwitchMode must be "legacy" or "switchdev", not the text "off"'],
    [{ vdpaType: "vdpa", eSwitchMode: "switchdev" }, 'vdpaType must be "virtio" or "vhost", not the text "vdpa"'],
    [{ bridge: "ovs" }, 'bridge must be an object, not the text "ovs"'],
    [{ nicSelector: undefined }, "nicSelector must be given"],
    [{ nicSelector: ["ens1f0"] }, "nicSelector must be an object, not a list"],
    [
      { nicSelector: {} },
      "nicSelector must select by at least one of vendor, deviceID, rootDevices, pfNames, netFilter",
    ],
    [
      { nicSelector: { vendor: "", pfNames: [] } },
      "nicSelector must select by at least one of vendor, deviceID, rootDevices, pfNames, netFilter",
    ],
    [
      { nicSelector: { vendor: "0x8086" } },
      'nicSelector.vendor must be four hex digits such as "8086", not the text "0x8086"',
    ],
    [
      { nicSelector: { vendor: "80861" } },
      'nicSelector.vendor must be four hex digits such as "8086", not the text "80861"',
    ],
    [{ nicSelector: { pfNames: ["#", "ens1f0"] } }, `nicSelector.pfNames[0] ${pfName} the text "#"`],
    ...["a b:c", "a:b c"].map((netFilter): readonly [Readonly<Record<string, unknown>>, string] => [
      { nicSelector: { netFilter } },
      'nicSelector.netFilter must be a network such as "openstack/NetworkID:…" or "aws/NetworkID:…", ' +
        `not the text "${netFilter}"`,
    ]),
    [{ nicSelector: { vendor: 8086 } }, 'nicSelector.vendor must be four hex digits such as "8086", not number 8086'],
    [
      { nicSelector: { deviceID: "158" } },
      'nicSelector.deviceID must be four hex digits such as "8086", not the text "158"',
    ],
    [
      { nicSelector: { rootDevices: ["0000:86:00.1", "86:00.1"] } },
      "nicSelector.rootDevices[1] must be a PCI address such as 0000:04:00.0 (lower case, with domain), " +
        'not the text "86:00.1"',
    ],
    [
      { nicSelector: { rootDevices: "0000:86:00.1" } },
      'nicSelector.rootDevices must be a list, not the text "0000:86:00.1"',
    ],
    [{ nicSelector: { pfNames: "ens1f0" } }, 'nicSelector.pfNames must be a list, not the text "ens1f0"'],
    [{ nicSelector: { pfNames: [7] } }, `nicSelector.pfNames[0] ${pfName} number 7`],
    [{ nicSelector: { pfNames: ["ens1f0#a-c"] } }, `nicSelector.pfNames[0] ${pfName} the text "ens1f0#a-c"`],
    [{ nicSelector: { pfNames: ["ens1f0#3-1"] } }, `nicSelector.pfNames[0] ${pfName} the text "ens1f0#3-1"`],
    [
      { nicSelector: { pfNames: ["ens1f0#0-3", "ens1f1#2-4"] } },
      "nicSelector.pfNames[1] must end below numVfs, which is 4, not at VF 4",
    ],
    [
      { numVfs: 0, nicSelector: { pfNames: ["ens1f0#0-0"] } },
      "nicSelector.pfNames[0] must end below numVfs, which is 0, not at VF 0",
    ],
    [
      { nicSelector: { pfNames: ["ens1f0#0-1", "ens1f1#0-1", "ens1f0#2-3"] } },
      "nicSelector.pfNames[2] must not name ens1f0 again: a policy has one range of a NIC",
    ],
    [
      { nicSelector: { netFilter: "openstack" } },
      'nicSelector.netFilter must be a network such as "openstack/NetworkID:…" or "aws/NetworkID:…", not the text "openstack"',
    ],
    [
      { nicSelector: { netFilter: "openstack/NetworkID:1", vendor: "8086", pfNames: ["ens1f0"] } },
      "nicSelector.netFilter must stand alone, without vendor, pfNames",
    ],
    [
      { nicSelector: { netFilter: "openstack/NetworkID:1" }, eSwitchMode: "legacy" },
      "eSwitchMode must not be given with nicSelector.netFilter",
    ],
    [
      { nicSelector: { netFilter: "openstack/NetworkID:1" }, linkType: "IB" },
      'linkType must be "eth" or "ETH" with nicSelector.netFilter',
    ],
    [{ deviceType: "vfio-pci", isRdma: true }, 'isRdma must not be true with deviceType "vfio-pci"'],
    [
      { linkType: "IB", eSwitchMode: "switchdev" },
      'eSwitchMode can be "switchdev" only with Ethernet, not with linkType "ib"',
    ],
    [{ eSwitchMode: "switchdev", vdpaType: "virtio", deviceType: "vfio-pci" }, 'vdpaType needs deviceType "netdevice"'],
    [{ vdpaType: "vhost" }, 'vdpaType needs eSwitchMode "switchdev"'],
    [{ vdpaType: "vhost", eSwitchMode: "legacy" }, 'vdpaType needs eSwitchMode "switchdev"'],
    [{ bridge: { ovs: {} } }, 'bridge needs eSwitchMode "switchdev"'],
    [
      { bridge: { ovs: {} }, eSwitchMode: "switchdev", externallyManaged: true },
      "bridge must not be given with externallyManaged",
    ],
    [
      { numvfs: 4, nicSelector: { vendor: "8086", pfName: "ens1f0" } },
      "numvfs is no property of the kind; it has resourceName, nodeSelector, nicSelector, numVfs, priority, mtu, deviceType, " +
        "isRdma, needVhostNet, linkType, eSwitchMode, vdpaType, excludeTopology, externallyManaged, bridge",
      "nicSelector.pfName is no property of the kind; it has vendor, deviceID, rootDevices, pfNames, netFilter",
    ],
  ];
  for (const [spec, ...wanted] of refused) {
    it(`may not have ${inspect(spec, { breakLength: Infinity })}`, () => expect(reasons(spec)).to.deep.equal(wanted));
  }

  it("is told of all that is wrong at once, each with its property", () => {
    const problems = policySpecProblems({ numVfs: -1, nicSelector: { vendor: "x" }, extra: 1 });
    expect(problems.map(({ property }) => property)).to.deep.equal([
      "resourceName",
      "nodeSelector",
      "nicSelector.vendor",
      "numVfs",
      "extra",
    ]);
  });

  it("may be told of ranges only where its number is one", () => {
    expect(reasons({ numVfs: "4", nicSelector: { pfNames: ["ens1f0#0-9"] } })).to.deep.equal([
      'numVfs must be a whole number, 0 or more, not the text "4"',
    ]);
  });
});

describe("how many nodes may be changed at once", () => {
  for (const value of ["1", "25", "1%", "10%", "99%", "100%"]) {
    it(`may be ${value}`, () => expect(maxUnavailableProblem(value)).to.equal(undefined));
  }
  for (const value of ["0", "-1", "0%", "101%", "10000%", "1.5", "bla", "", " 2", "2 ", "2 %", "9999999999", 2, null]) {
    it(`may not be ${inspect(value)}`, () => {
      const text =
        typeof value === "string" ? `the text ${JSON.stringify(value)}` : value === null ? "nothing" : "number 2";
      expect(maxUnavailableProblem(value)).to.equal(
        `must be a whole number above 0 or a percentage from 1% to 100%, as text ("2" or "10%"), not ${text}`,
      );
    });
  }
});
