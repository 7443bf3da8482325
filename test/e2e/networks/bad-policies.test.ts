import { expect } from "chai";
import { SRIOV_NETWORK_NODE_POLICY } from "../../../api/sriov-network-node-policy.js";
import { errorsOf, openStack, type TestStack, warningsOn } from "../stack.js";
import { policyProgram } from "./policy-program.js";
import { freshTwins, type Twins } from "./twins.js";

/** What a program gets wrong by itself is refused in preview, with words that say where. */
describe("bad input of a policy", function () {
  this.timeout(180_000);
  let twins: Twins;
  let stack: TestStack;
  let errors = "";

  /** All of them in one policy, since a preview takes its time. */
  const cases: readonly (readonly [property: string, value: unknown, reason: string])[] = [
    ["resourceName", "my pool", "resourceName must be 1 to 63 letters"],
    ["numVfs", -1, "numVfs must be a whole number"],
    ["priority", 100, "from 0 to 99"],
    ["mtu", 0, "mtu must be"],
    ["deviceType", "vfio", '"vfio"'],
    ["linkType", "fc", '"fc"'],
    ["eSwitchMode", "bridge", '"bridge"'],
    ["onVfsInUse", "ask", '"ask"'],
    ["maxUnavailable", "150%", "150%"],
    ["policyName", "Storage", "lower case"],
  ];
  const selectors: readonly (readonly [title: string, nicSelector: object, reason: string])[] = [
    ["nothing", {}, "nicSelector"],
    ["a vendor that is none", { vendor: "intel" }, "four hex digits"],
    ["a malformed address", { rootDevices: ["4:00.0"] }, "4:00.0"],
    ["a malformed range", { pfNames: ["eth0#3-1"] }, "eth0#3-1"],
    ["a range beyond numVfs", { pfNames: ["eth0#0-7"] }, "eth0#0-7"],
    ["something unknown", { driver: "igb" }, "driver"],
  ];

  const asking = (args: object) => policyProgram(twins, args);

  before(async () => {
    twins = await freshTwins();
    stack = await openStack({});
    const wrong = Object.fromEntries(cases.map(([property, value]) => [property, value]));
    errors = errorsOf(await stack.previewFails(asking(wrong))).join("\n");
  });

  for (const [property, value, reason] of cases) {
    it(`is told at ${property} for ${JSON.stringify(value)}`, () => {
      const said = errors.split(/(?=property )/).filter((part) => part.startsWith(`property ${property} `));
      expect(said, errors).to.have.length(1);
      expect(said[0]).to.contain(reason);
    });
  }

  for (const [title, nicSelector, reason] of selectors) {
    it(`is told for a nicSelector with ${title}`, async () => {
      const said = errorsOf(await stack.previewFails(asking({ nicSelector }))).join("\n");
      expect(said)
        .to.match(/property nicSelector\b/)
        .and.to.contain(reason);
    });
  }

  it("is no more VFs than a NIC supports: that NIC is warned of, by name and maximum", async () => {
    const warnings = warningsOn(await stack.preview(asking({ numVfs: 8 })), "policy").join("\n");
    for (const { deviceName } of twins.nics) expect(warnings).to.include(deviceName);
    expect(warnings).to.include("at most 7");
  });

  it("makes nothing", async () => {
    const { items } = await twins.lab.client.list(SRIOV_NETWORK_NODE_POLICY);
    const own = items.filter(
      ({ spec }) => spec.resourceName === twins.interfaceName || spec.resourceName === "my pool",
    );
    expect(own).to.deep.equal([]);
    expect(await twins.numVfs()).to.deep.equal([0, 0]);
  });
});
