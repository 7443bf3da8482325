import { expect } from "chai";
import { admissionPolicies } from "../../../api/admission-policies.js";

/** What the default accounts' policies do is tried at the API server; those of others differ from them in the names alone. */
describe("guards of an installation in another namespace", () => {
  const agent = { namespace: "network-system", name: "sriov-agents" };
  const controller = { namespace: "network-system", name: "sriov-controller" };

  it("are those of the default one, but for the accounts", () => {
    const renamed = JSON.stringify(admissionPolicies())
      .replaceAll("pulumi-sriov:pulumi-sriov-agent", "network-system:sriov-agents")
      .replaceAll("pulumi-sriov/pulumi-sriov-agent", "network-system/sriov-agents")
      .replaceAll("pulumi-sriov:pulumi-sriov-controller", "network-system:sriov-controller");
    expect(JSON.stringify(admissionPolicies(agent, controller))).to.equal(renamed);
  });
});
