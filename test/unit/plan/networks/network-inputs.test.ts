import { expect } from "chai";
import { inspect } from "node:util";
import { jsonTextProblems, networkSpecProblems } from "../../../../plan/networks/network-inputs.js";

const reasons = (spec: Readonly<Record<string, unknown>>) => networkSpecProblems(spec).map(({ reason }) => reason);

describe("the spec of a network", () => {
  const accepted: readonly Readonly<Record<string, unknown>>[] = [
    {},
    { resourceName: "intel_nics" },
    { resourceName: "a" },
    { resourceName: "Mellanox.cx5_a-b" },
    { resourceName: "" },
    { networkNamespace: "web" },
    { networkNamespace: "" },
    { networkNamespace: "a".repeat(63) },
    { ipam: '{"type":"host-local","subnet":"10.56.217.0/24"}' },
    { ipam: "" },
    { ipam: " {} " },
    { capabilities: '{"mac": true, "ips": false}' },
    { metaPlugins: '{"type":"tuning","sysctl":{"a":"1"}}' },
    { metaPlugins: '{"type":"tuning"},\n{"type":"vrf","vrfname":"blue"}\n' },
    { vlan: 0, vlanQoS: 0, vlanProto: "802.1q" },
    { vlanProto: "802.1Q" },
    { vlan: 4094, vlanQoS: 7, vlanProto: "802.1AD" },
    { vlan: 1, vlanProto: "802.1ad" },
    { spoofChk: "on", trust: "off", linkState: "auto" },
    { spoofChk: "off", trust: "on", linkState: "enable" },
    { linkState: "disable" },
    { minTxRate: 0, maxTxRate: 0 },
    { minTxRate: 100, maxTxRate: 100 },
    { minTxRate: 100, maxTxRate: 0 },
    { minTxRate: 100 },
    { logLevel: "", logFile: "" },
    { logLevel: "panic", logFile: "/var/log/sriov.log" },
    { vlan: undefined, extra: undefined },
  ];
  for (const spec of accepted) {
    it(`may have ${inspect(spec, { breakLength: Infinity })}`, () => expect(reasons(spec)).to.deep.equal([]));
  }

  const refused: readonly (readonly [Readonly<Record<string, unknown>>, string])[] = [
    [
      { resourceName: "openshift.io/nics" },
      "resourceName must be 1 to 63 letters, digits, -, _ or . that begin and end with a letter or digit, " +
        'not the text "openshift.io/nics"',
    ],
    [
      { resourceName: "b".repeat(64) },
      "resourceName must be 1 to 63 letters, digits, -, _ or . that begin and end with a letter or digit, " +
        `not the text "${"b".repeat(64)}"`,
    ],
    [{ networkNamespace: "Web" }, 'networkNamespace must be the name of a namespace, not the text "Web"'],
    [{ networkNamespace: "a.b" }, 'networkNamespace must be the name of a namespace, not the text "a.b"'],
    [{ networkNamespace: 1 }, "networkNamespace must be the name of a namespace, not number 1"],
    [
      { networkNamespace: "a".repeat(64) },
      `networkNamespace must be the name of a namespace, not the text "${"a".repeat(64)}"`,
    ],
    [{ vlan: -1 }, "vlan must be a whole number from 0 to 4094, not number -1"],
    [{ vlan: 4095 }, "vlan must be a whole number from 0 to 4094, not number 4095"],
    [{ vlan: "5" }, 'vlan must be a whole number from 0 to 4094, not the text "5"'],
    [{ vlan: 5, vlanQoS: 8 }, "vlanQoS must be a whole number from 0 to 7, not number 8"],
    [{ vlan: 5, vlanQoS: -1 }, "vlanQoS must be a whole number from 0 to 7, not number -1"],
    [
      { vlan: 5, vlanProto: "802.1X" },
      'vlanProto must be "802.1q" or "802.1Q" or "802.1ad" or "802.1AD", not the text "802.1X"',
    ],
    [{ vlanQoS: 3 }, "vlanQoS other than 0 needs a vlan other than 0"],
    [{ vlan: 0, vlanQoS: 1 }, "vlanQoS other than 0 needs a vlan other than 0"],
    [{ vlanProto: "802.1AD" }, "vlanProto 802.1ad needs a vlan other than 0"],
    [{ spoofChk: true }, 'spoofChk must be "on" or "off", not boolean true'],
    [{ spoofChk: "On" }, 'spoofChk must be "on" or "off", not the text "On"'],
    [{ trust: "yes" }, 'trust must be "on" or "off", not the text "yes"'],
    [{ linkState: "up" }, 'linkState must be "auto" or "enable" or "disable", not the text "up"'],
    [{ minTxRate: -1 }, "minTxRate must be a whole number, 0 or more, not number -1"],
    [{ maxTxRate: 1.5 }, "maxTxRate must be a whole number, 0 or more, not number 1.5"],
    [{ minTxRate: 200, maxTxRate: 100 }, "minTxRate must be maxTxRate, which is 100, or less, not 200"],
    [{ minTxRate: "5", maxTxRate: 3 }, 'minTxRate must be a whole number, 0 or more, not the text "5"'],
    [{ minTxRate: 5, maxTxRate: "3" }, 'maxTxRate must be a whole number, 0 or more, not the text "3"'],
    [
      { logLevel: "trace" },
      'logLevel must be "panic" or "error" or "warning" or "info" or "debug" or "", not the text "trace"',
    ],
    [{ logFile: 1 }, "logFile must be a text, not number 1"],
    [
      { vlanId: 5 },
      "vlanId is no property of the kind; it has resourceName, networkNamespace, ipam, capabilities, metaPlugins, vlan, " +
        "vlanQoS, vlanProto, spoofChk, trust, linkState, minTxRate, maxTxRate, logLevel, logFile",
    ],
    [{ ipam: { type: "dhcp" } }, "ipam must be JSON as a text, not an object"],
    [{ ipam: '{"type":}' }, 'ipam is not JSON: at line 1, column 9 there is "}" where a value should be'],
    [
      { ipam: '{\n  "type": "host-local"\n  "subnet": 1\n}' },
      'ipam is not JSON: at line 3, column 3 there is "\\"" where "," or "}" should be',
    ],
    [{ ipam: '{"type":"dhcp"' }, 'ipam is not JSON: at line 1, column 15 the text ends where "," or "}" should be'],
    [{ ipam: "[]" }, "ipam must be a JSON object, not a list"],
    [{ ipam: "null" }, "ipam must be a JSON object, not null"],
    [{ ipam: '"dhcp"' }, 'ipam must be a JSON object, not "dhcp"'],
    [{ ipam: "7" }, "ipam must be a JSON object, not 7"],
    [{ capabilities: "mac" }, 'capabilities is not JSON: at line 1, column 1 there is "m" where a value should be'],
    [{ capabilities: "true" }, "capabilities must be a JSON object, not true"],
    [
      { capabilities: '{"ips": true, "mac": "yes"}' },
      'capabilities must have true or false for each capability; "mac" is "yes"',
    ],
    [{ capabilities: '{"mac": {}}' }, 'capabilities must have true or false for each capability; "mac" is an object'],
    [
      { metaPlugins: '{"type":"a"} {"type":"b"}' },
      'metaPlugins is not JSON: at line 1, column 14 there is "{" where "," or "]" should be',
    ],
    [
      { metaPlugins: '{"type":"a"},' },
      "metaPlugins is not JSON: at line 1, column 14 the text ends where a value should be",
    ],
    [
      { metaPlugins: '{"type":"a"},\n {"type"}' },
      'metaPlugins is not JSON: at line 2, column 9 there is "}" where ":" should be',
    ],
    [
      { metaPlugins: '{"type":"a' },
      "metaPlugins is not JSON: at line 1, column 11 the text ends where a closing double quote should be",
    ],
    [
      { metaPlugins: '{"type":"a"}], "x": [{}' },
      'metaPlugins is not JSON: at line 1, column 14 there is "," where the end of the text should be',
    ],
    [{ metaPlugins: '[{"type":"a"}]' }, "metaPlugins must be a JSON object, not a list"],
    [{ metaPlugins: '{"type":"a"}, 7' }, "metaPlugins must be a JSON object, not 7"],
    [{ metaPlugins: "  " }, "metaPlugins must be a JSON object, not blank"],
    [
      { metaPlugins: '{"type":"a"},{"name":"b"}' },
      'metaPlugins must have a "type" in each plugin, the name of its program; number 2 has none',
    ],
    [
      { metaPlugins: '{"type":""}' },
      'metaPlugins must have a "type" in each plugin, the name of its program; number 1 has none',
    ],
  ];
  for (const [spec, reason] of refused) {
    it(`may not have ${inspect(spec, { breakLength: Infinity })}`, () => expect(reasons(spec)).to.deep.equal([reason]));
  }

  it("is told of all that is wrong at once, each with its property", () => {
    const problems = networkSpecProblems({ vlan: 5000, ipam: "x", extra: 1 });
    expect(problems.map(({ property }) => property)).to.deep.equal(["ipam", "vlan", "extra"]);
  });
});

describe("what no attachment can be rendered from", () => {
  it("is JSON that is none, and nothing else", () => {
    const problems = jsonTextProblems({ vlan: 5000, ipam: "x", capabilities: "[]", metaPlugins: "", extra: 1 });
    expect(problems.map(({ property }) => property)).to.deep.equal(["ipam", "capabilities"]);
  });
});
