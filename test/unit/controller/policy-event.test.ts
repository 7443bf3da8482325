import { expect } from "chai";
import type { Condition } from "../../../api/object.js";
import type { ReportedCondition } from "../../../reconciler/controller/policies/conditions.js";
import { policyEvent } from "../../../reconciler/controller/policies/policy-event.js";

describe("the event of a policy", () => {
  const ready = (status: "True" | "False", reason: string, message: string): ReportedCondition => ({
    type: "Ready",
    status,
    reason,
    message,
  });
  const was = (condition: ReportedCondition): Condition => ({
    ...condition,
    lastTransitionTime: "2026-01-01T00:00:00Z",
  });
  const done = ready("True", "Configured", "2 of 2 NICs are as asked");
  const stuck = ready("False", "Incomplete", "1 of 2 NICs are as asked; nic1: Conflict: kubectl has it");

  it("is normal once every NIC is as asked", () => {
    expect(policyEvent(undefined, done)).to.deep.equal({
      type: "Normal",
      reason: "Configured",
      message: "2 of 2 NICs are as asked",
    });
  });

  it("is a warning where a NIC is not as asked, and says why", () => {
    expect(policyEvent(was(done), stuck)).to.deep.equal({
      type: "Warning",
      reason: "Incomplete",
      message: "1 of 2 NICs are as asked; nic1: Conflict: kubectl has it",
    });
  });

  it("is another where the same trouble has another cause", () => {
    expect(policyEvent(was(stuck), ready("False", "Incomplete", "nic1: InUse"))?.message).to.equal("nic1: InUse");
  });

  it("is none while all is as it was", () => {
    expect(policyEvent(was(stuck), stuck)).to.equal(undefined);
  });

  it("is none where one more NIC is as asked, as the others are", () => {
    expect(policyEvent(was(done), ready("True", "Configured", "3 of 3 NICs are as asked"))).to.equal(undefined);
  });

  it("is none while NICs are being changed", () => {
    expect(policyEvent(was(done), ready("False", "Configuring", "1 being changed"))).to.equal(undefined);
  });
});
