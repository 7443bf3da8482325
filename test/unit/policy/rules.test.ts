import { type ResourceValidationArgs, type ResourceValidationPolicy } from "@pulumi/policy";
import { expect } from "chai";
import { UNKNOWN } from "../../../provider/dynamic/values.js";
import { knownInputs } from "../../../policy/known-inputs.js";
import { rules } from "../../../policy/rules.js";
import { inPreview, violationsOf } from "../../integration/policy/violations.js";

describe("the policy pack", () => {
  const pack = rules(() => {
    throw new Error("no kubeconfig was found");
  });
  const rule = (name: string): ResourceValidationPolicy => {
    const found = pack.find((policy) => policy.name === name);
    if (found === undefined) throw new Error(`no rule ${name}`);
    return found;
  };

  it("has three rules, of which only the agreed number of VFs is advisory", () => {
    expect(pack.map(({ name, enforcementLevel }) => [name, enforcementLevel])).to.deep.equal([
      ["no-vf-in-use-destroyed", "mandatory"],
      ["max-vfs-per-nic", "advisory"],
      ["no-pf-passthrough", "mandatory"],
    ]);
  });

  it("takes what cannot be looked at for a violation", async () => {
    const nic = { nodeName: "node1", interfaceName: "eno49", numVfs: 4 };
    expect(await violationsOf(rule("no-vf-in-use-destroyed"), "SriovNetworkDevice", nic)).to.deep.equal([
      "whether it keeps to this rule cannot be told: no kubeconfig was found",
    ]);
  });

  describe("max-vfs-per-nic", () => {
    const max = rule("max-vfs-per-nic");

    it("lets a NIC have 16 VFs, and not 17", async () => {
      expect(await violationsOf(max, "SriovNetworkDevice", { numVfs: 16 })).to.deep.equal([]);
      expect(await violationsOf(max, "SriovNetworkDevice", { numVfs: 17 })).to.deep.equal([
        "numVfs is 17; a NIC may have at most 16 VFs here",
      ]);
    });

    it("holds for policies too", async () => {
      expect(await violationsOf(max, "SriovNetworkNodePolicy", { numVfs: 17 })).to.have.length(1);
    });

    it("holds what is configured", async () => {
      expect(await violationsOf(max, "SriovNetworkDevice", { numVfs: 9 }, { maximum: 8 })).to.have.length(1);
      expect(await violationsOf(max, "SriovNetworkDevice", { numVfs: 63 }, { maximum: 63 })).to.deep.equal([]);
    });

    it("says so where the number is not known before up", async () => {
      expect(await violationsOf(max, "SriovNetworkDevice", { numVfs: UNKNOWN })).to.deep.equal([
        "numVfs is not known before up; it may be above 16",
      ]);
    });

    it("does not look at resources of others", async () => {
      const args = { type: "acme:index:Nic", props: { numVfs: 99 }, getConfig: () => ({}) };
      const violations: string[] = [];
      const [validate] = [max.validateResource].flat();
      await validate?.(args as unknown as ResourceValidationArgs, (violation) => void violations.push(violation));
      expect(violations).to.deep.equal([]);
    });
  });

  it("tells known inputs from unknown ones, at any depth, and leaves the provider out", () => {
    const props = inPreview({ a: 1, b: { c: [UNKNOWN] }, d: { e: ["f"] }, __provider: "code" });
    const { known, unknown } = knownInputs(props);
    expect([known, [...unknown]]).to.deep.equal([{ a: 1, d: { e: ["f"] } }, ["b"]]);
  });
});
