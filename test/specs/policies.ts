/** Specs of SriovNetworkNodePolicies, right and wrong ones: for whoever checks them, the API server or a preview. */

type Fields = Readonly<Record<string, unknown>>;

/** What all others differ from in the fields that they give; of these, what is undefined is left out. */
export const POLICY_SPEC: Fields = {
  resourceName: "storage",
  nodeSelector: { "no-node": "has this" },
  nicSelector: { vendor: "8086" },
  numVfs: 4,
};

const pfNames = (...names: string[]): Fields => ({ nicSelector: { pfNames: names } });
const netFilter = { nicSelector: { netFilter: "openstack/NetworkID:e48c7670-bcb4-4f9c-8038-012b6571501d" } };
const ovs = { bridge: { ovs: {} } };
export const ACCEPTED_POLICIES: readonly (readonly [what: string, fields: Fields])[] = [
  ["no node selector, which is every node", { nodeSelector: {} }],
  ["a resource name with dashes and underscores inside", { resourceName: "Intel_sriov-netdevice0" }],
  ["a resource name of one character", { resourceName: "a" }],
  ["a resource name of 63 characters", { resourceName: "a".repeat(63) }],
  ["no VFs at all", { numVfs: 0 }],
  ["the highest priority", { priority: 0 }],
  ["the lowest priority", { priority: 99 }],
  ["a vendor and a device", { nicSelector: { vendor: "15b3", deviceID: "1017" } }],
  ["a device alone", { nicSelector: { deviceID: "158b" } }],
  ["IDs in capitals", { nicSelector: { vendor: "15B3", deviceID: "101B" } }],
  ["an empty vendor beside a name", { nicSelector: { vendor: "", deviceID: "", pfNames: ["ens1f0"] } }],
  ["a root device", { nicSelector: { rootDevices: ["0000:86:00.1"] } }],
  ["a root device of a long domain", { nicSelector: { rootDevices: ["10000:01:00.0"] } }],
  ["names and root devices together", { nicSelector: { pfNames: ["ens1f1#0-2"], rootDevices: ["0000:86:00.1"] } }],
  ["a network of a cloud", netFilter],
  ["a network of a cloud with Ethernet", { ...netFilter, linkType: "ETH" }],
  ["a name", pfNames("ens1f0")],
  ["a name with a dash", pfNames("br-ex")],
  ["an alternative name", pfNames("enp134s0f1np1")],
  ["a range up to the last VF", pfNames("ens1f0#0-3")],
  ["a range of one VF", pfNames("ens1f0#3-3")],
  ["a range with a leading zero", pfNames("ens1f0#00-03")],
  ["ranges of several names", pfNames("ens1f0#0-1", "ens1f1#2-3", "ens2f0")],
  ["a thousand names", pfNames(...Array.from({ length: 1_000 }, (_, index) => `ens${index}#0-3`))],
  ["the least MTU", { mtu: 1 }],
  ["VFs for guests", { deviceType: "vfio-pci" }],
  ["VFs for guests without RDMA", { deviceType: "vfio-pci", isRdma: false }],
  ["RDMA", { isRdma: true, deviceType: "netdevice" }],
  ["InfiniBand", { linkType: "IB", isRdma: true }],
  ["InfiniBand in legacy mode", { linkType: "ib", eSwitchMode: "legacy" }],
  ["switchdev with Ethernet", { linkType: "eth", eSwitchMode: "switchdev" }],
  ["vDPA", { vdpaType: "virtio", eSwitchMode: "switchdev", deviceType: "netdevice" }],
  ["NICs that somebody else gives VFs", { externallyManaged: true, excludeTopology: true, needVhostNet: true }],
  ["an empty bridge", { bridge: {} }],
  [
    "a bridge",
    {
      eSwitchMode: "switchdev",
      bridge: {
        ovs: {
          bridge: { datapathType: "netdev", externalIDs: { a: "b" }, failMode: "secure", otherConfig: { c: "d" } },
          uplink: {
            interface: {
              type: "dpdk",
              externalIDs: { a: "b" },
              options: { "dpdk-devargs": "0000:86:00.1" },
              otherConfig: { c: "d" },
              mtuRequest: 9_000,
            },
          },
        },
      },
    },
  ],
];

const nodeSelector = { "feature.node.kubernetes.io/network-sriov.capable": "true" };

/** As people write them for the operator, whole. */
export const EXAMPLE_POLICIES: readonly (readonly [what: string, spec: Fields])[] = [
  [
    "Intel NICs in guests",
    {
      deviceType: "vfio-pci",
      mtu: 1_500,
      nicSelector: { deviceID: "158b", rootDevices: ["0000:86:00.0"], vendor: "8086" },
      nodeSelector,
      numVfs: 4,
      priority: 90,
      resourceName: "intelnics",
    },
  ],
  [
    "Mellanox NICs with RDMA",
    {
      deviceType: "netdevice",
      isRdma: true,
      nicSelector: { vendor: "15b3", deviceID: "1017", pfNames: ["enp3s0f0"] },
      nodeSelector,
      numVfs: 8,
      priority: 10,
      resourceName: "mlx_sriov_netdevice",
    },
  ],
  [
    "a part of a NIC's VFs",
    {
      deviceType: "netdevice",
      nicSelector: { pfNames: ["ens803f1#0-2"], rootDevices: ["0000:86:00.1"], vendor: "8086" },
      nodeSelector,
      numVfs: 63,
      priority: 99,
      resourceName: "p1",
    },
  ],
  [
    "hardware offload with Open vSwitch",
    {
      eSwitchMode: "switchdev",
      deviceType: "netdevice",
      bridge: { ovs: {} },
      nicSelector: { deviceID: "101d", rootDevices: ["0000:5e:00.0"], vendor: "15b3" },
      nodeSelector,
      numVfs: 5,
      priority: 99,
      resourceName: "switchdevnics",
    },
  ],
];

/** Where: the property that is named; why: what the API server says of it. */
export const REFUSED_POLICIES: readonly (readonly [what: string, fields: Fields, where: string, why: string])[] = [
  ["no resource name", { resourceName: undefined }, "spec.resourceName", "Required value"],
  ["an empty resource name", { resourceName: "" }, "spec.resourceName", "should match"],
  ["a resource name that begins with a dash", { resourceName: "-a" }, "spec.resourceName", "should match"],
  ["a resource name that ends with an underscore", { resourceName: "a_" }, "spec.resourceName", "should match"],
  ["a resource name with a slash", { resourceName: "intel.com/a" }, "spec.resourceName", "should match"],
  [
    "a resource name of 64 characters",
    { resourceName: "a".repeat(64) },
    "spec.resourceName",
    "may not be more than 63",
  ],
  ["no node selector, not even an empty one", { nodeSelector: undefined }, "spec.nodeSelector", "Required value"],
  ["a node selector that is no text", { nodeSelector: { a: 1 } }, "spec.nodeSelector.a", "must be of type string"],
  ["no VF count", { numVfs: undefined }, "spec.numVfs", "Required value"],
  ["a VF count below 0", { numVfs: -1 }, "spec.numVfs", "greater than or equal to 0"],
  ["half a VF", { numVfs: 0.5 }, "spec.numVfs", "must be of type integer"],
  ["a priority below 0", { priority: -1 }, "spec.priority", "greater than or equal to 0"],
  ["a priority above 99", { priority: 100 }, "spec.priority", "less than or equal to 99"],
  ["an MTU of 0", { mtu: 0 }, "spec.mtu", "greater than or equal to 1"],
  ["an unknown driver", { deviceType: "igb_uio" }, "spec.deviceType", '"netdevice", "vfio-pci"'],
  ["an unknown link type", { linkType: "Eth" }, "spec.linkType", '"eth", "ETH", "ib", "IB"'],
  ["an unknown switch mode", { eSwitchMode: "off" }, "spec.eSwitchMode", '"legacy", "switchdev"'],
  ["an unknown vDPA type", { vdpaType: "vdpa" }, "spec.vdpaType", '"virtio", "vhost"'],
  [
    "an unknown fail mode",
    { eSwitchMode: "switchdev", bridge: { ovs: { bridge: { failMode: "x" } } } },
    "failMode",
    '"secure", "standalone"',
  ],
  ["no NIC selector", { nicSelector: undefined }, "spec.nicSelector", "Required value"],
  ["an empty NIC selector", { nicSelector: {} }, "spec.nicSelector", "must be given"],
  ["a NIC selector of empty parts", { nicSelector: { vendor: "", pfNames: [] } }, "spec.nicSelector", "must be given"],
  ["a vendor that is no ID", { nicSelector: { vendor: "intel" } }, "spec.nicSelector.vendor", "may not be more than 4"],
  ["a vendor with 0x", { nicSelector: { vendor: "0x80" } }, "spec.nicSelector.vendor", "should match"],
  ["a device that is no ID", { nicSelector: { deviceID: "15g" } }, "spec.nicSelector.deviceID", "should match"],
  ["a root device in capitals", { nicSelector: { rootDevices: ["0000:AF:1F.7"] } }, "rootDevices[0]", "should match"],
  ["a root device without a domain", { nicSelector: { rootDevices: ["86:00.1"] } }, "rootDevices[0]", "should match"],
  [
    "a root device that is a name",
    { nicSelector: { rootDevices: ["0000:86:00.1", "eno1"] } },
    "rootDevices[1]",
    "should match",
  ],
  ["an empty name", pfNames(""), "spec.nicSelector.pfNames[0]", "should match"],
  ["a name with a blank", pfNames("ens1 f0"), "spec.nicSelector.pfNames[0]", "should match"],
  ["a name that is a path", pfNames("net/ens1f0#0-3"), "spec.nicSelector.pfNames[0]", "should match"],
  ["a range of no name", pfNames("#0-3"), "spec.nicSelector.pfNames[0]", "should match"],
  ["a name with a mark and no range", pfNames("ens1f0#"), "spec.nicSelector.pfNames[0]", "should match"],
  ["a range without an end", pfNames("ens1f0", "ens1f1#0-"), "spec.nicSelector.pfNames[1]", "should match"],
  ["a range of one number", pfNames("ens1f0#3"), "spec.nicSelector.pfNames[0]", "should match"],
  ["a range of three numbers", pfNames("ens1f0#0-1-2"), "spec.nicSelector.pfNames[0]", "should match"],
  ["a range of letters", pfNames("ens1f0#a-b"), "spec.nicSelector.pfNames[0]", "should match"],
  ["two ranges of one name", pfNames("ens1f0#0-1#2-3"), "spec.nicSelector.pfNames[0]", "should match"],
  ["a range that goes backwards", pfNames("ens1f0#3-0"), "spec.nicSelector.pfNames[0]", "from the lower to the higher"],
  ["a range beyond the last VF", pfNames("ens1f0#0-4"), "spec.nicSelector.pfNames", "ends below numVfs"],
  [
    "a second range beyond the last VF",
    pfNames("ens1f0", "ens1f1#2-4"),
    "spec.nicSelector.pfNames",
    "ends below numVfs",
  ],
  ["a range, and no VFs", { ...pfNames("ens1f0#0-0"), numVfs: 0 }, "spec.nicSelector.pfNames", "ends below numVfs"],
  ["a network of a cloud without its kind", { nicSelector: { netFilter: "e48c7670" } }, "netFilter", "should match"],
  [
    "more names than a rule can look at",
    pfNames(...Array.from({ length: 1_001 }, (_, index) => `ens${index}`)),
    "pfNames",
    "at most 1000 items",
  ],
  [
    "a network of a cloud and a vendor",
    { nicSelector: { ...netFilter.nicSelector, vendor: "8086" } },
    "spec.nicSelector.netFilter",
    "does not go with",
  ],
  [
    "a network of a cloud and names",
    { nicSelector: { ...netFilter.nicSelector, pfNames: ["a"] } },
    "spec.nicSelector.netFilter",
    "does not go with",
  ],
  [
    "a network of a cloud and a switch mode",
    { ...netFilter, eSwitchMode: "legacy" },
    "spec.eSwitchMode",
    "does not go with netFilter",
  ],
  ["a network of a cloud and a bridge", { ...netFilter, ...ovs }, "spec.bridge", "does not go with netFilter"],
  ["a network of a cloud and InfiniBand", { ...netFilter, linkType: "ib" }, "spec.linkType", "for Ethernet"],
  ["RDMA in guests", { deviceType: "vfio-pci", isRdma: true }, "spec.isRdma", "deviceType netdevice"],
  ["switchdev with InfiniBand", { linkType: "IB", eSwitchMode: "switchdev" }, "spec.eSwitchMode", "Ethernet"],
  [
    "vDPA in guests",
    { vdpaType: "vhost", eSwitchMode: "switchdev", deviceType: "vfio-pci" },
    "spec.vdpaType",
    "deviceType netdevice",
  ],
  ["vDPA without switchdev", { vdpaType: "vhost" }, "spec.vdpaType", "needs eSwitchMode switchdev"],
  ["a bridge in legacy mode", { ...ovs, eSwitchMode: "legacy" }, "spec.bridge", "needs eSwitchMode switchdev"],
  [
    "a bridge on NICs of somebody else",
    { ...ovs, eSwitchMode: "switchdev", externallyManaged: true },
    "spec.bridge",
    "externallyManaged",
  ],
];
