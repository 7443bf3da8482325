import { expect } from "chai";
import type { ObjectMeta } from "../../../../api/object.js";
import { ClaimReason, type PciDeviceClaim, type PciDeviceClaimStatus } from "../../../../api/pci-device-claim.js";
import type { Verdict } from "../../../../kube/wait.js";
import {
  type AwaitedClaim,
  ClaimRefused,
  ClaimVanished,
  enabledVerdict,
} from "../../../../provider/core/claim/claim-verdict.js";

const applied: PciDeviceClaim = {
  metadata: { name: "node1-000004100", uid: "u1", generation: 2 },
  spec: { address: "0000:04:10.0", nodeName: "node1", userName: "pulumi" },
};
const awaited: AwaitedClaim = { applied, resourceName: "intel.com/VF", dialect: "own" };

function answered(
  reason: ClaimReason,
  more: PciDeviceClaimStatus = {},
  metadata: Partial<ObjectMeta> = {},
): PciDeviceClaim {
  const status = reason === ClaimReason.Enabled ? "True" : "False";
  const condition = { type: "Ready", status, reason, message: "as the agent says", lastTransitionTime: "" } as const;
  return {
    ...applied,
    metadata: { ...applied.metadata, ...metadata },
    status: { observedGeneration: 2, resourceName: "intel.com/VF", conditions: [condition], ...more },
  };
}
function errorOf(verdict: Verdict<unknown>): Error {
  return verdict.state === "failed" ? verdict.error : expect.fail(`it is ${verdict.state}`);
}
const pendingOf = (verdict: Verdict<unknown>): string =>
  verdict.state === "pending" ? verdict.what : expect.fail(`it is ${verdict.state}`);

describe("the verdict on a claim", () => {
  it("is that it is handed out where the agent says so of this generation and name", () => {
    const claim = answered(ClaimReason.Enabled);
    expect(enabledVerdict(claim, awaited)).to.deep.equal({ state: "satisfied", result: claim });
  });

  it("is to wait while the agent speaks of an earlier generation, whatever it says", () => {
    for (const reason of [ClaimReason.Enabled, ClaimReason.NoIommu]) {
      const verdict = enabledVerdict(answered(reason, { observedGeneration: 1 }), awaited);
      expect(pendingOf(verdict)).to.equal("waiting for the agent on node node1");
    }
  });

  it("is to wait while it is offered under another name than it shall be", () => {
    const claim = answered(ClaimReason.Enabled, { resourceName: "intel.com/OTHER" });
    expect(pendingOf(enabledVerdict(claim, awaited))).to.equal("waiting for the agent on node node1");
    expect(enabledVerdict(claim, { ...awaited, resourceName: undefined }).state).to.equal("satisfied");
  });

  it("is to wait for a VF that is away and was handed out before", () => {
    const before = { ...awaited, applied: { ...applied, status: { passthroughEnabled: true } } };
    expect(pendingOf(enabledVerdict(answered(ClaimReason.DeviceAway), before))).to.equal(
      "DeviceAway: as the agent says",
    );
  });

  it("is to wait for the rest of the IOMMU group as long as it may be claimed yet, and a refusal then", () => {
    const claim = answered(ClaimReason.GroupInUse);
    const coming = enabledVerdict(claim, { ...awaited, isGroupComing: true });
    expect(pendingOf(coming)).to.equal("GroupInUse: as the agent says");
    expect(errorOf(enabledVerdict(claim, awaited))).to.be.instanceOf(ClaimRefused);
  });

  it("is a refusal of a device that was never there", () => {
    expect(errorOf(enabledVerdict(answered(ClaimReason.DeviceAway), awaited))).to.be.instanceOf(ClaimRefused);
  });

  it("is that it is gone where there is none, another of its name, or one on its way out", () => {
    for (const claim of [
      undefined,
      answered(ClaimReason.Enabled, {}, { uid: "u2" }),
      answered(ClaimReason.Enabled, {}, { deletionTimestamp: "2026-01-01T00:00:00Z" }),
    ])
      expect(errorOf(enabledVerdict(claim, awaited))).to.be.instanceOf(ClaimVanished);
  });

  it("is on Harvester what passthroughEnabled says, and no word of conditions", () => {
    const harvesters: AwaitedClaim = { ...awaited, dialect: "harvester" };
    expect(enabledVerdict({ ...applied, status: { passthroughEnabled: true } }, harvesters).state).to.equal(
      "satisfied",
    );
    expect(enabledVerdict(answered(ClaimReason.NoIommu), harvesters).state).to.equal("pending");
  });
});
