import { expect } from "chai";
import type { SriovNetworkDevice, SriovNetworkDeviceStatus } from "../../../api/sriov-network-device.js";
import { countVerdict } from "../../../provider/core/device/device-wait.js";

/** A NIC that is asked for no VFs, as its agent tells of it. */
function device(status: Partial<SriovNetworkDeviceStatus>, reason: string, is = "False"): SriovNetworkDevice {
  const condition = { type: "Ready", status: is as "True" | "False", reason, message: "so it is" };
  return {
    metadata: { name: "node1-eno49", uid: "1", generation: 1 },
    spec: { address: "0000:04:00.0", nodeName: "node1", numVFS: 0 },
    status: {
      observedGeneration: 1,
      virtualFunctions: [],
      conditions: [{ ...condition, lastTransitionTime: "2026-01-01T00:00:00Z" }],
      ...status,
    },
  };
}

describe("the wait for a count of 0, which is the API's default too", () => {
  const waits = { state: "pending", what: "waiting for the agent on node node1" };
  const verdict = (nic: SriovNetworkDevice) => countVerdict(nic, nic, 0);

  it("goes on while the agent says that nobody has declared a count", () => {
    expect(verdict(device({ countManaged: false }, "Unmanaged", "True"))).to.deep.equal(waits);
  });

  it("goes on while the agent says so by the reason alone, as older ones do", () => {
    expect(verdict(device({}, "Unmanaged", "True"))).to.deep.equal(waits);
  });

  for (const reason of ["TooManyVFs", "KernelRefused", "GroupsInUse", "DeviceGone"]) {
    it(`goes on while the agent says so of a NIC that is ${reason}, which is not about the count`, () => {
      expect(verdict(device({ countManaged: false }, reason))).to.deep.equal(waits);
    });
  }

  it("ends when the agent has seen the count", () => {
    expect(verdict(device({ countManaged: true }, "Configured", "True")).state).to.equal("satisfied");
  });
});
