import { expect } from "chai";
import { guard } from "../../../../reconciler/agent/change/guard.js";
import { type PlannedVf, planVfCount, type VfCountPlan } from "../../../../plan/vf-count.js";
import type { SriovNetworkDevice } from "../../../../api/sriov-network-device.js";
import { deviceObject } from "../nic.js";

const FIRST: PlannedVf = { address: "0000:04:10.0", interfaceName: "eno49v0" };

function planWith(virtualFunctions: readonly PlannedVf[], to = 6): VfCountPlan {
  return planVfCount({ numVfs: virtualFunctions.length, virtualFunctions }, to);
}

function allowing(count: string | undefined): SriovNetworkDevice {
  const device = deviceObject({ numVFS: 6, generation: 2 });
  const annotations = count === undefined ? {} : { "devices.harvesterhci.io/allow-disruption": count };
  return { ...device, metadata: { ...device.metadata, annotations } };
}

const inUse = planWith([FIRST, { address: "0000:04:10.2", usedBy: "pod web/router-0" }]);

describe("the guard of VFs in use", () => {
  it("lets a plan go on that destroys none", () => {
    expect(guard(allowing(undefined), planWith([]))).to.deep.equal({ kind: "go", lost: [] });
  });

  it("lets a plan go on that destroys only free ones", () => {
    expect(guard(allowing(undefined), planWith([FIRST]))).to.deep.equal({ kind: "go", lost: [] });
  });

  it("refuses, and names each VF with its user and the ways out", () => {
    const used = [
      { ...FIRST, usedBy: "claim node1-000004100 of alice" },
      { address: "0000:04:10.2", usedBy: "pod web/router-0" },
      { address: "0000:04:10.4" },
    ];
    expect(guard(allowing(undefined), planWith(used))).to.deep.equal({
      kind: "inUse",
      message:
        "not changed (3 → 6 VFs), since that would destroy VFs in use: 0000:04:10.0 (eno49v0) by claim " +
        "node1-000004100 of alice; 0000:04:10.2 by pod web/router-0. Release them, set the count back to 3, or allow " +
        "it: kubectl annotate srnd node1-eno49 devices.harvesterhci.io/allow-disruption=6 --overwrite (in a program: " +
        'onVfsInUse: "proceed").',
    });
  });

  it("says of a count that somebody changed by hand why it is not put back", () => {
    const verdict = guard(allowing(undefined), inUse, { deviation: { kind: "drift", reported: 6, found: 2 } });
    expect(verdict)
      .to.have.property("message")
      .that.includes("somebody changed the count from 6 to 2 past the agent, and it is not put back");
  });

  it("offers to let the object follow what somebody did by hand", () => {
    const verdict = guard(allowing(undefined), inUse, { deviation: { kind: "drift", reported: 6, found: inUse.from } });
    expect(verdict)
      .to.have.property("message")
      .that.includes(`Release them, set the count to ${inUse.from}, or allow it`);
  });

  describe("of VFs that somebody would know of who does not answer", () => {
    const silent = "the kubelet at /kubelet.sock does not answer: connect EACCES";

    it("refuses, and says who is silent and what happens next", () => {
      expect(guard(allowing(undefined), planWith([FIRST]), { silent })).to.deep.equal({
        kind: "usersUnknown",
        message:
          "not changed (1 → 6 VFs), since that would destroy VFs, and it is not known who uses them: the kubelet at " +
          "/kubelet.sock does not answer: connect EACCES. It is done once that answers. To have it done all the same: " +
          "kubectl annotate srnd node1-eno49 devices.harvesterhci.io/allow-disruption=6 --overwrite.",
      });
    });

    it("lets a plan go on that destroys none", () => {
      expect(guard(allowing(undefined), planWith([]), { silent })).to.have.property("kind", "go");
    });

    it("lets it go on where the annotation allows this very count", () => {
      expect(guard(allowing("6"), planWith([FIRST]), { silent })).to.have.property("kind", "go");
    });
  });

  it("lets it go on where the annotation allows this very count, and tells who loses what", () => {
    const lost = [{ address: "0000:04:10.2", usedBy: "pod web/router-0" }];
    expect(guard(allowing("6"), inUse)).to.deep.equal({ kind: "go", lost });
  });

  for (const count of ["4", "", "06", "true"]) {
    it(`is not moved by an annotation for ${JSON.stringify(count)}`, () => {
      expect(guard(allowing(count), inUse)).to.have.property("kind", "inUse");
    });
  }

  it("lists no more VFs than a condition's message can hold", () => {
    const many = Array.from({ length: 256 }, (_, index) => ({
      address: `0000:05:00.${index}`,
      usedBy: "x".repeat(250),
    }));
    const verdict = guard(allowing(undefined), planWith(many));
    expect(verdict).to.have.property("message").that.includes("; and 192 more. Release").and.has.length.below(32_768);
  });
});
