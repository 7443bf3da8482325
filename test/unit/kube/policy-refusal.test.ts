import { expect } from "chai";
import { ApiError, policyRefusal } from "../../../kube/errors.js";

describe("a refusal by an admission policy", () => {
  const denied = (said: string): ApiError => new ApiError("PATCH /x was answered with 422", 422, { message: said });

  it("is told apart, with the policy's name and its own words", () => {
    const said =
      `sriovnetworkdevices "node1-eno49" is forbidden: ValidatingAdmissionPolicy 'pulumi-sriov-vfs-in-use' with binding ` +
      `'pulumi-sriov-vfs-in-use' denied request: node1-eno49: VFs in use`;
    const expected = { policy: "pulumi-sriov-vfs-in-use", message: "node1-eno49: VFs in use" };
    expect(policyRefusal(denied(said))).to.deep.equal(expected);
  });

  it("may have several lines", () => {
    const said = `ValidatingAdmissionPolicy 'a' with binding 'b' denied request: one\ntwo`;
    expect(policyRefusal(denied(said))?.message).to.equal("one\ntwo");
  });

  it("is no refusal by a role", () => {
    expect(policyRefusal(denied(`nodes is forbidden: User "a" cannot list resource "nodes"`))).to.equal(undefined);
  });

  it("is none where the API server has not answered", () => {
    expect(policyRefusal(new Error("ValidatingAdmissionPolicy 'a' denied request: b"))).to.equal(undefined);
  });
});
