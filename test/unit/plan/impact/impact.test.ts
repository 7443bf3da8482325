import { expect } from "chai";
import fc from "fast-check";
import { describeImpact, type Impact, readImpacts } from "../../../../plan/impact/impact.js";
import { impact } from "../../cli/previews.js";

describe("an impact in words", () => {
  it("is one paragraph that ends in what goes, users first", () => {
    const unused = [{ address: "0000:04:10.0", interfaceName: "eno49v0" }];
    expect(describeImpact(impact(), { advice: "Release them.", unused })).to.equal(
      "impact on NIC node1-eno49 of node node1: 4 → 6 VFs; 4 VFs destroyed, 6 VFs created (Linux changes a VF count only by " +
        "way of 0). This is refused, since some of what goes is in use. Release them. What goes:\n" +
        "  - 0000:04:10.2 (eno49v1), used by pod web/router-0\n" +
        "  - 0000:04:10.0 (eno49v0)",
    );
  });

  it("says so where no VF comes or goes", () => {
    const claim = impact({ kind: "claim", change: "taken from igbvf", destroyed: 0, created: 0, inUse: [] });
    expect(describeImpact({ ...claim, outcome: "none" })).to.equal(
      "impact on PCIDeviceClaim node1-eno49 of node node1: taken from igbvf; no VF destroyed or created. Nothing that is in " +
        "use goes.",
    );
  });
});

describe("impacts in a text", () => {
  it("are read as they were described, whatever they are", () => {
    fc.assert(
      fc.property(fc.array(anyImpact()), (impacts) => {
        expect(readImpacts(impacts.map((one) => describeImpact(one)).join("\n"))).to.deep.equal(impacts);
      }),
    );
  });

  it("are read as they were though a change speaks like an impact itself", () => {
    const change = "taken from igbvf; 1 VF destroyed. Nothing that is in use goes. And then";
    expect(readImpacts(describeImpact(impact({ change })))).to.deep.equal([impact({ change })]);
  });

  it("are read without the VFs that nobody uses", () => {
    const text = describeImpact(impact(), { unused: [{ address: "0000:04:10.0" }] });
    expect(readImpacts(text)).to.deep.equal([impact()]);
  });

  it("are read out of an engine's words", () => {
    const text = describeImpact(impact(), { advice: "Release them." });
    const error = `error: pulumi-nodejs:dynamic/sriov:SriovNetworkDevice resource 'nic': property numVfs value {6} has a problem: ${text}\n`;
    expect(readImpacts(`${error}\nerror: preview failed\n  - 0000:04:10.4, used by nobody of them\n`)).to.deep.equal([
      impact(),
    ]);
  });

  it("are none of a text of somebody else", () => {
    expect(
      readImpacts("warning: a\n  - 0000:04:10.2 (eno49v1), used by pod web/router-0\nimpact on nothing"),
    ).to.deep.equal([]);
  });
});

function anyImpact(): fc.Arbitrary<Impact> {
  const line = fc
    .string({ unit: "grapheme", minLength: 1, maxLength: 40 })
    .map((text) => text.trim().replace(/\s+/g, " "))
    .filter((text) => text !== "");
  const word = fc.stringMatching(/^[a-z0-9]([-./a-z0-9]{0,20}[a-z0-9])?$/);
  const used = fc.record(
    { address: word, interfaceName: word, usedBy: line },
    { requiredKeys: ["address", "usedBy"] },
  ) as fc.Arbitrary<Impact["inUse"][number]>;
  return fc.record(
    {
      object: word,
      kind: fc.constantFrom("nic", "claim", "network"),
      nodeName: word,
      change: line,
      destroyed: fc.nat(256),
      created: fc.nat(256),
      inUse: fc.array(used, { maxLength: 4 }),
      outcome: fc.constantFrom("none", "refused", "proceeds", "unknown"),
    },
    { requiredKeys: ["object", "kind", "change", "destroyed", "created", "inUse", "outcome"] },
  );
}
