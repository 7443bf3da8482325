import { expect } from "chai";
import type { SriovNetworkDevice } from "../../../api/sriov-network-device.js";
import { describeDrift, isTaken, liveCount } from "../../../provider/core/device/device-drift.js";

const OURS = "pulumi-sriov-0123456789ab-01234567";

interface Seen {
  readonly numVFS?: number;
  readonly vfs?: number;
  readonly owners?: readonly string[];
  readonly reason?: string;
  readonly observedGeneration?: number;
}

/** A NIC of generation 2. */
function nic({ numVFS = 4, vfs = 4, owners = [OURS], reason = "Configured", observedGeneration = 2 }: Seen) {
  const status = reason === "Configured" ? "True" : "False";
  return {
    metadata: {
      name: "node1-eno49",
      generation: 2,
      managedFields: owners.map((manager) => ({ manager, fieldsV1: { "f:spec": { "f:numVFS": {} } } })),
    },
    spec: { address: "0000:04:00.0", nodeName: "node1", numVFS },
    status: {
      observedGeneration,
      virtualFunctions: Array.from({ length: vfs }, (_, index) => ({ index })),
      conditions: [{ type: "Ready", status, reason, message: "EBUSY." }],
    },
  } as unknown as SriovNetworkDevice;
}

const words = (seen: Seen, olds = {}): string => describeDrift(nic(seen), { fieldManager: OURS, ...olds }).join("\n");

describe("what has become of a NIC", () => {
  it("is nothing to speak of where it is as it was left", () => {
    expect(words({})).to.equal("");
    expect(liveCount(nic({}), OURS)).to.equal(4);
    expect(isTaken(nic({}), OURS)).to.equal(false);
  });

  it("is nothing to speak of where somebody else asks for the same number too", () => {
    expect(words({ owners: [OURS, "kubectl-edit"] })).to.equal("");
  });

  it("is nothing to speak of for who only looks at it", () => {
    const taken = nic({ owners: ["kubectl-edit"], numVFS: 2 });
    expect(describeDrift(taken, {})).to.deep.equal([]);
    expect(isTaken(taken, undefined)).to.equal(false);
  });

  it("is the number that another owner has set, whose it is, and how to take it back", () => {
    const seen = { numVFS: 2, vfs: 2, owners: ["kubectl-edit"] };
    expect(words(seen)).to.equal(
      'node1-eno49: spec.numVFS is 2 and owned by field manager "kubectl-edit", no longer by this resource. To take the ' +
        'number back, set forceConflicts: true, or have "kubectl-edit" let go of it.',
    );
    expect(liveCount(nic(seen), OURS)).to.equal(2);
    expect(isTaken(nic(seen), OURS)).to.equal(true);
  });

  it("is that another owns the number though it is the same", () => {
    expect(words({ owners: ["kubectl-edit"] }))
      .to.include("spec.numVFS is 4 and owned by")
      .and.to.include("no longer");
  });

  it("is taken back where the program takes what it can", () => {
    const said = words({ numVFS: 2, vfs: 2, owners: ["kubectl-edit"] }, { forceConflicts: true });
    expect(said).to.match(/up takes the number back, since forceConflicts is true\.$/);
  });

  it("names the policies behind the controller's number", () => {
    expect(words({ numVFS: 2, vfs: 2, owners: ["pulumi-sriov-controller"] })).to.include("a SriovNetworkNodePolicy");
  });

  it("is that nobody asks for a number any more", () => {
    expect(words({ numVFS: 0, owners: [] })).to.include("nobody asks for a VF count any more");
  });

  it("is the number of VFs that are there, where the kernel has fewer than the resource asks for", () => {
    const seen = { vfs: 1, reason: "KernelRefused" };
    expect(liveCount(nic(seen), OURS)).to.equal(1);
    expect(words(seen)).to.include(
      "node1-eno49 has 1 VF on node node1, where spec.numVFS asks for 4 (KernelRefused: EBUSY). up asks",
    );
  });

  it("is the number that somebody else asks for, whatever the kernel has", () => {
    expect(liveCount(nic({ numVFS: 6, vfs: 4, reason: "InUse", owners: ["kubectl-edit"] }), OURS)).to.equal(6);
  });

  it("is not judged by a status of before the last change", () => {
    const seen = { vfs: 0, reason: "Configuring", observedGeneration: 1 };
    expect(liveCount(nic(seen), OURS)).to.equal(4);
    expect(words(seen)).to.equal("");
  });

  it("is that the NIC is gone, in the agent's words, and no VF", () => {
    const seen = { vfs: 0, reason: "DeviceGone" };
    expect(words(seen)).to.equal(
      "node1-eno49 is gone: EBUSY. Without the resource in the program, up lets go of the NIC.",
    );
    expect(liveCount(nic(seen), OURS)).to.equal(0);
  });
});
