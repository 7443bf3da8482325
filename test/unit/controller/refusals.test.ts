import { expect } from "chai";
import { type Refusal, Refusals } from "../../../reconciler/controller/policies/refusals.js";

describe("refusals", () => {
  let now = 0;
  let refusals: Refusals;
  const refused = (lasting: boolean): Refusal => ({ state: lasting ? "Conflict" : "Failed", message: "no", lasting });

  beforeEach(() => {
    now = 0;
    refusals = new Refusals(
      () => now,
      () => 0,
    );
  });

  it("count while nothing is different", () => {
    refusals.add("nic", { generation: 1 }, refused(true));
    now = 1e12;
    expect(refusals.of("nic", { generation: 1 })).to.deep.equal(refused(true));
  });

  it("count no more once something is different", () => {
    refusals.add("nic", { generation: 1 }, refused(true));
    expect(refusals.of("nic", { generation: 2 })).to.equal(undefined);
  });

  it("of one NIC do not count for another", () => {
    refusals.add("nic", {}, refused(true));
    expect(refusals.of("other", {})).to.equal(undefined);
  });

  it("that may pass count for pauses that grow to a minute", () => {
    const pauses = Array.from({ length: 8 }, () => {
      refusals.add("nic", {}, refused(false));
      const next = refusals.nextAfter(now) ?? 0;
      const pause = next - now;
      now = next;
      expect(refusals.of("nic", {})).to.equal(undefined);
      return pause / 1_000;
    });
    expect(pauses).to.deep.equal([1, 2, 4, 8, 16, 32, 60, 60]);
  });

  it("are news only where they say something else", () => {
    expect(refusals.add("nic", {}, refused(false))).to.equal(true);
    expect(refusals.add("nic", {}, refused(false))).to.equal(false);
    expect(refusals.add("nic", {}, refused(true))).to.equal(true);
  });

  it("that last ask for no further look", () => {
    refusals.add("nic", {}, refused(true));
    expect(refusals.nextAfter(0)).to.equal(undefined);
  });

  it("are forgotten with their pauses", () => {
    for (const device of ["nic", "nic"]) refusals.add(device, {}, refused(false));
    refusals.forget("nic");
    refusals.add("nic", {}, refused(false));
    expect(refusals.nextAfter(0)).to.equal(1_000);
  });
});
