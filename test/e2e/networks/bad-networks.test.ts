import { expect } from "chai";
import { SRIOV_NETWORK } from "../../../api/sriov-network.js";
import type { SriovNetworkArgs } from "../../../sdk/sriov-network.js";
import { errorsOf, openStack, type Program, type TestStack } from "../stack.js";
import { freshTwins, type Twins } from "./twins.js";

/** What a program gets wrong by itself is refused in preview, with words that say where. */
describe("bad input of a network", () => {
  let twins: Twins;
  let stack: TestStack;

  before(async () => {
    twins = await freshTwins();
    stack = await openStack({});
  });

  /** A program with one network, with these arguments beside or in place of sound ones. */
  function withArgs(args: Readonly<Record<string, unknown>>): Program {
    return (sriov) => {
      new sriov.SriovNetwork("network", { resourceName: "pool", ...args } as SriovNetworkArgs);
      return undefined;
    };
  }

  const cases: readonly (readonly [args: Readonly<Record<string, unknown>>, property: string, reason: string])[] = [
    [{ resourceName: undefined }, "resourceName", "give one of policy and resourceName"],
    [{ resourceName: "my pool" }, "resourceName", "resourceName must"],
    [{ vlan: 4095 }, "vlan", "vlan must be 0 to 4094, not 4095"],
    [{ vlan: "7" }, "vlan", 'not the text "7"'],
    [{ vlan: 7, vlanQoS: 8 }, "vlanQoS", "vlanQoS must be 0 to 7, not 8"],
    [{ vlan: 7, vlanProto: "802.3" }, "vlanProto", "802.3"],
    [{ spoofChk: "yes" }, "spoofChk", '"yes"'],
    [{ trust: "true" }, "trust", '"true"'],
    [{ linkState: "up" }, "linkState", '"up"'],
    [{ minTxRate: -1 }, "minTxRate", "-1"],
    [{ maxTxRate: 1.5 }, "maxTxRate", "1.5"],
    [{ logLevel: "loud" }, "logLevel", '"loud"'],
    [{ ipam: '{"type": host-local}' }, "ipam", "line 1"],
    [{ capabilities: '{"mac": true,}' }, "capabilities", "line 1"],
    [{ metaPlugins: '{"type": "tuning"} {' }, "metaPlugins", "line 1"],
    [{ networkName: "Storage" }, "networkName", "lower case"],
    [{ namespace: "a/b" }, "namespace", "must be the name of a namespace"],
  ];
  for (const [args, property, reason] of cases) {
    it(`refuses ${JSON.stringify(args)} at ${property}`, async () => {
      const [error = "", ...more] = errorsOf(await stack.previewFails(withArgs(args)));
      expect(more).to.deep.equal([]);
      expect(error).to.contain(`property ${property} `).and.to.contain(reason);
    });
  }

  it("tells all that is wrong at once", async () => {
    const errors = errorsOf(await stack.previewFails(withArgs({ vlan: 5000, trust: "perhaps" }))).join("\n");
    expect(errors).to.contain("property vlan ").and.to.contain("property trust ");
  });

  it("makes nothing", async () => {
    const { items } = await twins.lab.client.list(SRIOV_NETWORK);
    expect(items.filter(({ metadata }) => metadata.name.startsWith("network-"))).to.deep.equal([]);
    expect(await stack.resources()).to.deep.equal([]);
  });
});
