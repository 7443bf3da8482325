/** Specs of SriovNetworks, right and wrong ones: for whoever checks them, the API server or a preview. */

type Fields = Readonly<Record<string, unknown>>;

/** What all others differ from in the fields that they give. */
export const NETWORK_SPEC: Fields = { resourceName: "storage" };

export const ACCEPTED_NETWORKS: readonly (readonly [what: string, fields: Fields])[] = [
  ["a resource name of another device plugin", { resourceName: "Mellanox.cx5_a-b" }],
  ["a resource name of 63 characters", { resourceName: "a".repeat(63) }],
  ["a namespace for its attachment", { networkNamespace: "my-app" }],
  ["an empty namespace for its attachment", { networkNamespace: "" }],
  ["IPAM in many lines", { ipam: '{\n  "type": "host-local",\n  "subnet": "192.168.1.0/24"\n}\n' }],
  ["capabilities", { capabilities: '{"mac": true, "ips": true}' }],
  ["two further plugins", { metaPlugins: '{"type": "tuning"}, {"type": "vrf", "vrfname": "blue"}' }],
  ["no VLAN", { vlan: 0 }],
  ["the highest VLAN, with all that belongs to it", { vlan: 4_094, vlanQoS: 7, vlanProto: "802.1AD" }],
  ["a VLAN priority without a VLAN", { vlanQoS: 3 }],
  ...["802.1q", "802.1Q", "802.1ad", "802.1AD"].map((vlanProto) => [`protocol ${vlanProto}`, { vlanProto }] as const),
  ["spoof check and trust on", { spoofChk: "on", trust: "on" }],
  ["spoof check and trust off", { spoofChk: "off", trust: "off" }],
  ...["auto", "enable", "disable"].map((linkState) => [`link state ${linkState}`, { linkState }] as const),
  ["no rates", { minTxRate: 0, maxTxRate: 0 }],
  ["rates that are the same", { minTxRate: 100, maxTxRate: 100 }],
  ["a minimum rate without a limit", { minTxRate: 100, maxTxRate: 0 }],
  ["a minimum rate alone", { minTxRate: 100 }],
  ...["panic", "error", "warning", "info", "debug", ""].map((l) => [`log level "${l}"`, { logLevel: l }] as const),
  ["a log file", { logFile: "/var/log/sriov.log" }],
];

/** Where: the property that is named; why: what the API server says of it. */
export const REFUSED_NETWORKS: readonly (readonly [what: string, fields: Fields, where: string, why: string])[] = [
  ["a resource name with its prefix", { resourceName: "openshift.io/a" }, "spec.resourceName", "should match"],
  ["a resource name that ends with a dot", { resourceName: "a." }, "spec.resourceName", "should match"],
  [
    "a resource name of 64 characters",
    { resourceName: "a".repeat(64) },
    "spec.resourceName",
    "may not be more than 63",
  ],
  ["a namespace that is none", { networkNamespace: "My_App" }, "spec.networkNamespace", "should match"],
  ["IPAM that is no text", { ipam: { type: "dhcp" } }, "spec.ipam", "must be of type string"],
  ["a VLAN below 0", { vlan: -1 }, "spec.vlan", "greater than or equal to 0"],
  ["a VLAN above 4094", { vlan: 4_095 }, "spec.vlan", "less than or equal to 4094"],
  ["a VLAN priority below 0", { vlan: 1, vlanQoS: -1 }, "spec.vlanQoS", "greater than or equal to 0"],
  ["a VLAN priority above 7", { vlan: 1, vlanQoS: 8 }, "spec.vlanQoS", "less than or equal to 7"],
  ["an unknown VLAN protocol", { vlanProto: "802.1X" }, "spec.vlanProto", '"802.1q", "802.1Q", "802.1ad", "802.1AD"'],
  ["a spoof check that is true", { spoofChk: true }, "spec.spoofChk", "must be of type string"],
  ["an unknown spoof check", { spoofChk: "true" }, "spec.spoofChk", '"on", "off"'],
  ["an unknown trust", { trust: "yes" }, "spec.trust", '"on", "off"'],
  ["an unknown link state", { linkState: "up" }, "spec.linkState", '"auto", "enable", "disable"'],
  ["a minimum rate below 0", { minTxRate: -1 }, "spec.minTxRate", "greater than or equal to 0"],
  ["a maximum rate below 0", { maxTxRate: -1 }, "spec.maxTxRate", "greater than or equal to 0"],
  ["a minimum rate above the maximum", { minTxRate: 2, maxTxRate: 1 }, "spec.minTxRate", "not be above maxTxRate"],
  ["an unknown log level", { logLevel: "trace" }, "spec.logLevel", '"panic", "error", "warning", "info", "debug"'],
];
