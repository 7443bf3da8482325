import { expect } from "chai";
import { pino } from "pino";
import type { SriovNetworkDevice } from "../../../api/sriov-network-device.js";
import type { KubeClient } from "../../../kube/client.js";
import { ApiError } from "../../../kube/errors.js";
import { CONTROLLER_FIELD_MANAGER } from "../../../api/names.js";
import { DeviceWriter } from "../../../reconciler/controller/policies/device-writer.js";
import { Refusals } from "../../../reconciler/controller/policies/refusals.js";
import { noMetrics } from "../../../reconciler/controller/service/metrics.js";

const nic: SriovNetworkDevice = {
  metadata: { name: "node1-eno49", uid: "1" },
  spec: { address: "0000:04:00.0", nodeName: "node1", numVFS: 4 },
};

/** What the API server answers where `kubectl` has set these fields. */
function conflict(...fields: readonly string[]): ApiError {
  const causes = fields.map((field) => ({
    reason: "FieldManagerConflict",
    message: 'conflict with "kubectl" using v1',
    field,
  }));
  return new ApiError("conflict", 409, { reason: "Conflict", details: { causes } });
}

describe("what the controller tells of a NIC", () => {
  /** The event that comes of asking for so many VFs. */
  async function told(policies: readonly string[], numVFS: number, refusal?: ApiError): Promise<string> {
    const messages: string[] = [];
    const apply = (): Promise<unknown> =>
      refusal === undefined ? Promise.resolve({ ...nic, spec: { ...nic.spec, numVFS } }) : Promise.reject(refusal);
    const writer = new DeviceWriter({
      client: { apply } as unknown as KubeClient,
      fieldManager: CONTROLLER_FIELD_MANAGER,
      log: pino({ level: "silent" }),
      events: { record: (_type, _object, { message }) => messages.push(message) },
      metrics: noMetrics,
      refusals: new Refusals(),
      observe: () => undefined,
    });
    await writer.declare(nic, { spec: { numVFS } }, policies, new AbortController().signal);
    return messages.join("\n");
  }

  it("has who asks, and the count from and to", async () => {
    expect(await told(["storage"], 6)).to.equal("node1-eno49 as policy storage asks: 4 → 6 VFs");
  });

  it("has all who ask", async () => {
    expect(await told(["backup", "storage"], 6)).to.equal("node1-eno49 as policies backup, storage ask: 4 → 6 VFs");
  });

  it("speaks of no change where the count is not changed", async () => {
    expect(await told(["storage"], 4)).to.equal("node1-eno49 as policy storage asks: the count stays as it is");
  });

  it("has who owns what a policy asks for, and what to do", async () => {
    expect(await told(["storage"], 6, conflict(".spec.numVFS"))).to.equal(
      `node1-eno49 is not as policy storage asks (6 VFs): spec.numVFS is owned by field manager "kubectl". ` +
        `Have that owner let go of it, or take node1-eno49 out of the policy.`,
    );
  });

  it("speaks of several policies, and of several fields, as such", async () => {
    expect(await told(["backup", "storage"], 6, conflict(".spec.numVFS", ".spec.mtu"))).to.equal(
      `node1-eno49 is not as policies backup, storage ask (6 VFs): spec.numVFS and spec.mtu are owned by field manager "kubectl". ` +
        `Have that owner let go of them, or take node1-eno49 out of the policies.`,
    );
  });
});
