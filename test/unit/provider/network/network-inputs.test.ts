import { expect } from "chai";
import { inspect } from "node:util";
import { networkInputFailures } from "../../../../provider/core/network/network-inputs.js";
import type { InputFailure } from "../../../../provider/core/resource.js";

const none: ReadonlySet<string> = new Set<string>();
const policy = { policyName: "storage-1a2b3c4", namespace: "pulumi-sriov", resourceName: "storage" };

function failures(inputs: Readonly<Record<string, unknown>>, unknown = none): InputFailure[] {
  return networkInputFailures({ resourceName: "storage", ...inputs }, unknown);
}

/** The properties and reasons of what is refused. */
const refused: readonly (readonly [Readonly<Record<string, unknown>>, string, RegExp])[] = [
  [{ resourceName: undefined }, "resourceName", /^give one of policy and resourceName$/],
  [{ policy }, "resourceName", /^give one of policy and resourceName, not both$/],
  [{ resourceName: undefined, policy: {} }, "policy", /^policy must be a SriovNetworkNodePolicy resource$/],
  [{ resourceName: undefined, policy: { ...policy, resourceName: "a b" } }, "policy", /^resourceName must be 1 to 63/],
  [{ resourceName: "a b" }, "resourceName", /^resourceName must be 1 to 63/],
  [{ networkName: "Storage" }, "networkName", /^networkName must be a name that Kubernetes allows.*not "Storage"$/],
  [{ namespace: "a.b" }, "namespace", /^namespace must be the name of a namespace.*not "a.b"$/],
  [{ networkNamespace: "a.b" }, "networkNamespace", /^networkNamespace must be the name of a namespace/],
  [{ vlan: 4095 }, "vlan", /^vlan must be .*4094/],
  [{ vlan: "5" }, "vlan", /^vlan must be .*the text "5"/],
  [{ vlan: 5, vlanQoS: 8 }, "vlanQoS", /^vlanQoS must be .*7/],
  [{ vlanQoS: 3 }, "vlanQoS", /^vlanQoS other than 0 needs a vlan/],
  [{ vlan: 5, vlanProto: "802.1x" }, "vlanProto", /^vlanProto must be /],
  [{ spoofChk: "yes" }, "spoofChk", /^spoofChk must be .*"yes"/],
  [{ trust: 1 }, "trust", /^trust must be .*number 1/],
  [{ linkState: "up" }, "linkState", /^linkState must be /],
  [{ minTxRate: -1 }, "minTxRate", /^minTxRate must be a whole number, 0 or more/],
  [{ minTxRate: 20, maxTxRate: 10 }, "minTxRate", /^minTxRate must be maxTxRate, which is 10, or less/],
  [{ maxTxRate: 1.5 }, "maxTxRate", /^maxTxRate must be a whole number/],
  [{ ipam: '{"type": }' }, "ipam", /^ipam is not JSON: at line 1, column 10/],
  [{ ipam: [] }, "ipam", /^ipam must be a JSON object, not a list/],
  [{ capabilities: "true" }, "capabilities", /^capabilities must be a JSON object/],
  [{ metaPlugins: [{ type: "tuning" }, 5] }, "metaPlugins", /^metaPlugins must be .*JSON object/],
  [{ logLevel: "verbose" }, "logLevel", /^logLevel must be /],
  [{ logFile: 5 }, "logFile", /^logFile must be /],
  [{ requireCapableNode: "no" }, "requireCapableNode", /^requireCapableNode must be true or false, not "no"$/],
  [{ forceConflicts: 1 }, "forceConflicts", /^forceConflicts must be true or false, not 1$/],
  [{ timeouts: { create: "soon" } }, "timeouts", /^customTimeouts\.create must be a duration such as 5m, not "soon"$/],
];

describe("networkInputFailures", () => {
  for (const [inputs, property, reason] of refused) {
    it(`refuses ${inspect(inputs, { breakLength: Infinity })} at ${property}`, () => {
      const [failure, ...others] = failures(inputs);
      expect(others).to.deep.equal([]);
      expect(failure?.property).to.equal(property);
      expect(failure?.reason).to.match(reason);
    });
  }

  it("accepts every field of v1 in its own words", () => {
    const spec = {
      networkNamespace: "web",
      vlan: 100,
      vlanQoS: 2,
      vlanProto: "802.1ad",
      spoofChk: "on",
      trust: "off",
      linkState: "auto",
      minTxRate: 10,
      maxTxRate: 100,
      ipam: '{"type": "host-local"}',
      capabilities: '{"mac": true}',
      metaPlugins: '{"type": "tuning"}, {"type": "vrf"}',
      logLevel: "debug",
      logFile: "/var/log/sriov.log",
    };
    expect(failures(spec)).to.deep.equal([]);
  });

  it("accepts switches as booleans, and JSON as objects", () => {
    const inputs = { spoofChk: true, trust: false, ipam: { type: "dhcp" }, metaPlugins: [{ type: "tuning" }] };
    expect(failures(inputs)).to.deep.equal([]);
  });

  it("takes a policy for the resource name", () => {
    expect(failures({ resourceName: undefined, policy })).to.deep.equal([]);
  });

  it("does not miss a policy that is not known yet", () => {
    expect(failures({ resourceName: undefined }, new Set(["policy"]))).to.deep.equal([]);
  });

  it("refuses a policy that is not known yet beside a resource name", () => {
    expect(failures({}, new Set(["policy"])).map(({ property }) => property)).to.deep.equal(["resourceName"]);
  });

  it("tells all that is wrong at once", () => {
    const told = failures({ vlan: -1, trust: "maybe", ipam: "{" }).map(({ property }) => property);
    expect(told).to.have.members(["vlan", "trust", "ipam"]);
  });
});
