import { expect } from "chai";
import { SRIOV_NETWORK } from "../../../api/sriov-network.js";
import type { SriovNetworkArgs } from "../../../sdk/sriov-network.js";
import { errorsOf, openStack, type Program, type TestStack } from "../stack.js";
import { freshTwins, type Twins } from "./twins.js";

/** What a program gets wrong by itself is refused in preview, with words that say where. */
describe("bad input of a network", function () {
  this.timeout(180_000);
  let twins: Twins;
  let stack: TestStack;
  let errors = "";

  /** All of them in one network, since a preview takes its time. */
  const cases: readonly (readonly [property: string, value: unknown, reason: string])[] = [
    ["resourceName", "my pool", "resourceName must be 1 to 63 letters"],
    ["vlan", 4095, "vlan must be a whole number"],
    ["vlanQoS", 8, "vlanQoS must be a whole number"],
    ["vlanProto", "802.3", '"802.3"'],
    ["spoofChk", "yes", '"yes"'],
    ["trust", "true", '"true"'],
    ["linkState", "up", '"up"'],
    ["minTxRate", -1, "minTxRate must be a whole number"],
    ["maxTxRate", 1.5, "a whole number"],
    ["logLevel", "loud", '"loud"'],
    ["ipam", '{"type": host-local}', "at line 1, column 10"],
    ["capabilities", '{"mac": true,}', "at line 1, column 14"],
    ["metaPlugins", '{"type": "tuning"},\n {', "at line 2, column 3"],
    ["networkName", "Storage", "lower case"],
    ["namespace", "a/b", "must be the name of a namespace"],
  ];
  const wrong = Object.fromEntries(cases.map(([property, value]) => [property, value])) as unknown as SriovNetworkArgs;

  function asking(args: SriovNetworkArgs): Program {
    return (sriov) => {
      new sriov.SriovNetwork("network", args);
      return undefined;
    };
  }

  before(async () => {
    twins = await freshTwins();
    stack = await openStack({});
    errors = errorsOf(await stack.previewFails(asking(wrong))).join("\n");
  });

  for (const [property, value, reason] of cases) {
    it(`is told at ${property} for ${JSON.stringify(value)}`, () => {
      const said = errors.split(/(?=property )/).filter((part) => part.startsWith(`property ${property} `));
      expect(said, errors).to.have.length(1);
      expect(said[0]).to.contain(reason);
    });
  }

  it("is told where neither policy nor resource name is given", async () => {
    const [error = "", ...more] = errorsOf(await stack.previewFails(asking({ vlan: 7 })));
    expect(more).to.deep.equal([]);
    expect(error).to.contain("property resourceName ").and.to.contain("give one of policy and resourceName");
  });

  it("makes nothing", async () => {
    const { items } = await twins.lab.client.list(SRIOV_NETWORK);
    expect(items.filter(({ metadata }) => metadata.name.startsWith("network-"))).to.deep.equal([]);
    expect(await stack.resources()).to.deep.equal([]);
  });
});
