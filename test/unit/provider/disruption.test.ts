import { expect } from "chai";
import type { SriovNetworkDevice } from "../../../api/sriov-network-device.js";
import type { KubeClient } from "../../../kube/client.js";
import { ApiError } from "../../../kube/errors.js";
import { disruptionAnnotation, explainRefusal } from "../../../provider/core/device/disruption.js";

/** A NIC with these VFs, each with its user or none. */
function nic(...users: readonly (string | undefined)[]): SriovNetworkDevice {
  return {
    metadata: { name: "node1-eno49" },
    spec: { address: "0000:04:00.0", nodeName: "node1", numVFS: users.length },
    status: {
      virtualFunctions: users.map((usedBy, index) => ({
        index,
        address: `0000:04:10.${index}`,
        pciDevice: "",
        interfaceName: `eno49v${index}`,
        ...(usedBy !== undefined && { usedBy }),
      })),
    },
  };
}

describe("leave to destroy VFs in use", () => {
  const LEAVE = { annotations: { "devices.harvesterhci.io/allow-disruption": "6" } };

  it("is given with the count where VFs go", () => {
    expect(disruptionAnnotation(nic(undefined, undefined), 6, true)).to.deep.equal(LEAVE);
  });

  it("is not given where the program does not proceed", () => {
    expect(disruptionAnnotation(nic("pod a/b", undefined), 6, false)).to.deep.equal({});
  });

  it("is not given where no VF goes, so that nobody needs a verb for that", () => {
    expect(disruptionAnnotation(nic(), 6, true)).to.deep.equal({});
    expect(disruptionAnnotation(nic("pod a/b", undefined), 2, true)).to.deep.equal({});
  });

  it("is not given to a controller that does not report VFs", () => {
    const { metadata, spec } = nic("pod a/b");
    expect(disruptionAnnotation({ metadata, spec }, 6, true)).to.deep.equal({});
  });
});

describe("a refusal to destroy VFs in use", () => {
  const denied = (policy: string): ApiError =>
    new ApiError("", 422, {
      message: `ValidatingAdmissionPolicy '${policy}' with binding 'b' denied request: its words`,
    });
  const IN_USE = "pulumi-sriov-vfs-in-use";
  const answering = (device: SriovNetworkDevice): KubeClient =>
    ({ get: () => Promise.resolve(device) }) as unknown as KubeClient;

  it("names the users that the API server has, not those that were known before", async () => {
    const error = await explainRefusal(answering(nic("pod a/b")), nic(undefined), 6, false, denied(IN_USE));
    expect((error as Error).message).to.contain("0000:04:10.0 (eno49v0) is used by pod a/b. Nothing was changed.");
  });

  it("keeps the policy's words where the users are gone by now", async () => {
    const error = await explainRefusal(answering(nic(undefined)), nic(undefined), 6, false, denied(IN_USE));
    expect((error as Error).message).to.equal("node1-eno49: numVfs was not changed from 1 to 6: its words");
  });

  it("keeps the policy's words where leave was given and not taken", async () => {
    const error = await explainRefusal(answering(nic("pod a/b")), nic("pod a/b"), 6, true, denied(IN_USE));
    expect((error as Error).message).to.equal("node1-eno49: numVfs was not changed from 1 to 6: its words");
  });

  it("is not made of another policy's", async () => {
    const another = denied("of-somebody-else");
    expect(await explainRefusal(answering(nic("pod a/b")), nic(), 6, false, another)).to.equal(another);
  });
});
