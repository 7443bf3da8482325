import { expect } from "chai";
import { POD } from "../../../../api/core.js";
import type { Lab } from "../../../../lab/lab.js";
import type { SimulatedNode } from "../../../../lab/nodes/simulated-node.js";
import { sharedLab } from "../../../shared-lab.js";
import { addressOf, countsWritten, nics } from "../hardware.js";
import { Observer } from "../observer.js";
import { makeDefaultAccount } from "../../service-account.js";

const namespace = "default";
const me = { fieldManager: "test", force: true };

describe("a VF that a pod uses", () => {
  const name = "n-reported-nic0";
  let lab: Lab;
  let node: SimulatedNode;
  let observer: Observer;

  before(async () => {
    lab = await sharedLab();
    observer = await Observer.start(lab.client);
    node = await lab.addSimulatedNode("n-reported", { spec: { nics: nics(1) } });
    await observer.declare(name, 2);
    const { status } = await observer.configured(name, 2);
    await makeDefaultAccount(lab.client, namespace);
    await runPod("router-0", status?.vfAddresses?.[1] ?? "");
  });
  after(() => observer.stop());

  async function runPod(pod: string, address: string): Promise<void> {
    const networks = [{ name: "sriov", "device-info": { type: "pci", pci: { "pci-address": address } } }];
    const annotations = { "k8s.v1.cni.cncf.io/network-status": JSON.stringify(networks) };
    const spec = {
      nodeName: node.name,
      serviceAccountName: "default",
      automountServiceAccountToken: false,
      terminationGracePeriodSeconds: 0,
      containers: [{ name: "main", image: "none" }],
    };
    await lab.client.apply(POD, { metadata: { name: pod, namespace, annotations }, spec }, me);
  }

  const usedBy = (users: readonly (string | undefined)[]) =>
    observer.device(name, ({ status }) => {
      const told = status?.virtualFunctions?.map((vf) => vf.usedBy) ?? [];
      return told.length === users.length && told.every((user, index) => user === users[index]);
    });

  it("is told in the NIC's status, and free again when the pod is gone", async () => {
    await usedBy([undefined, "pod default/router-0"]);
    await lab.client.delete(POD, "router-0", { namespace });
    await usedBy([undefined, undefined]);
    await observer.declare(name, 4);
    await observer.configured(name, 4);
    expect(await countsWritten(node.hardware, addressOf(0))).to.deep.equal([2, 0, 4]);
  });
});
