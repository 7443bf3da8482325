import { expect } from "chai";
import { EVENT, type Event } from "../../../api/event.js";
import { Annotation } from "../../../api/names.js";
import { SRIOV_NETWORK_DEVICE, type SriovNetworkDevice } from "../../../api/sriov-network-device.js";
import { Informer } from "../../../kube/informer.js";
import type { LabController } from "../../../lab/controller.js";
import type { SimulatedNode } from "../../../lab/nodes/simulated-node.js";
import { rescan } from "../agent/agent-process.js";
import { addressOf, countsWritten, nics } from "../agent/hardware.js";
import { until } from "../agent/observer.js";
import { metric } from "./controller-process.js";
import { owners, PolicyCluster, readyMessage } from "./policy-cluster.js";

const ROLE = { role: "own" };

describe("a policy for a NIC that others have a hold on", () => {
  let cluster: PolicyCluster;
  let controller: LabController;
  let node: SimulatedNode;
  let events: Informer<Event>;
  const deviceOf = (index: number): string => `n-own-nic${index}`;

  before(async () => {
    cluster = await PolicyCluster.start();
    events = new Informer(cluster.lab.client, EVENT).start();
    node = await cluster.lab.addSimulatedNode("n-own", { spec: { nics: nics(8) } });
    await cluster.label("n-own", ROLE);
    controller = await cluster.lab.startController();
  });
  after(async () => {
    await events.stop();
    await cluster.stop(controller);
  });

  const policyFor = (index: number, numVfs: number, annotations: Readonly<Record<string, string>> = {}) =>
    cluster.apply(
      `own-${index}`,
      { nodeSelector: ROLE, nicSelector: { pfNames: [`nic${index}`] }, numVfs },
      { annotations },
    );
  const letGo = async (index: number): Promise<void> => {
    const { name, uid } = cluster.observer.devices.get(deviceOf(index))?.metadata ?? { name: "" };
    await cluster.lab.client.apply(SRIOV_NETWORK_DEVICE, { metadata: { name, uid } }, { fieldManager: "person" });
  };
  const conflictOn = ({ metadata }: SriovNetworkDevice): string | undefined =>
    metadata.annotations?.[Annotation.policyConflict];
  /** As a person at the machine, who puts a VF's interface into a bridge. */
  const hold = async (index: number, held: boolean): Promise<void> => {
    await node.hardware.setUppers(`nic${index}v0`, held ? ["br0"] : []);
    rescan(cluster.lab.run, node);
    const isUsed = (device: SriovNetworkDevice): boolean =>
      device.status?.virtualFunctions?.some(({ usedBy }) => usedBy !== undefined) === held;
    await cluster.observer.device(deviceOf(index), isUsed);
  };

  describe("somebody who owns its count", () => {
    it("is not overruled, and named in the policy", async () => {
      await cluster.observer.declare(deviceOf(0), 2);
      await cluster.observer.configured(deviceOf(0), 2);
      await policyFor(0, 4);
      const { message } = await cluster.matched("own-0", deviceOf(0), "Conflict");
      expect(message).to.include(
        `n-own-nic0 is not as policy own-0 asks (4 VFs): spec.numVFS is owned by field manager "person"`,
      );
      await cluster.observer.configured(deviceOf(0), 2);
      await cluster.ready("own-0", "Incomplete");
    });

    it("is named on the device, with the policy", async () => {
      const device = await cluster.observer.device(deviceOf(0), (it) => conflictOn(it) !== undefined);
      expect(conflictOn(device)).to.include("own-0").and.to.include('"person"');
    });

    it("is named in an event of the device", async () => {
      const find = (): Event | undefined =>
        events.list().find((it) => it.reason === "PolicyConflict" && it.involvedObject.name === deviceOf(0));
      expect((await until(events, find, () => true, "event")).message).to.include('"person"');
    });

    it("is named in an event of the policy", async () => {
      const find = (): Event | undefined =>
        events.list().find((it) => it.reason === "Incomplete" && it.involvedObject.name === "own-0");
      expect((await until(events, find, () => true, "event")).message).to.include('"person"');
    });

    it("and the policy do not write in turns, nor is the API server asked again", async () => {
      const mirrored = ({ status }: SriovNetworkDevice): boolean =>
        status?.conditions?.some((condition) => condition.type === "PolicyConflict" && condition.status === "True") ===
        true;
      // The agent's word of it, which comes last.
      await cluster.observer.device(deviceOf(0), mirrored);
      const before = cluster.versions([deviceOf(0)], ["own-1"]);
      const asked = (): Promise<number> => metric(controller, 'device_writes_total{result="Conflict"');
      const askedBefore = await asked();
      // What happens elsewhere has the controller look at everything again.
      await policyFor(1, 2);
      await cluster.ready("own-1", "Configured");
      await cluster.delete("own-1");
      await cluster.observer.configured(deviceOf(1), 0);
      expect(cluster.versions([deviceOf(0)], ["own-1"])).to.deep.equal(before);
      expect(await asked()).to.equal(askedBefore);
    });

    it("makes way by letting go, and both objects say so", async () => {
      await letGo(0);
      await cluster.configured(deviceOf(0), 4);
      await cluster.ready("own-0", "Configured");
      await cluster.observer.device(deviceOf(0), (it) => conflictOn(it) === undefined);
    });

    it("keeps it with the same count when the policy goes", async () => {
      await policyFor(2, 3);
      await cluster.configured(deviceOf(2), 3);
      await cluster.observer.declare(deviceOf(2), 3);
      await node.hardware.clearWrites();
      await cluster.delete("own-2");
      const released = await cluster.released(deviceOf(2));
      expect([released.spec.numVFS, owners(released), released.spec.vfGroups]).to.deep.equal([
        3,
        ["person"],
        undefined,
      ]);
      await cluster.observer.configured(deviceOf(2), 3);
      expect(await countsWritten(node.hardware, addressOf(2))).to.deep.equal([]);
    });

    it("is no conflict with the same count, which both then own", async () => {
      await cluster.observer.declare(deviceOf(3), 2);
      await cluster.observer.configured(deviceOf(3), 2);
      await policyFor(3, 2);
      await cluster.ready("own-3", "Configured");
      const device = await cluster.configured(deviceOf(3), 2);
      expect(owners(device).sort()).to.deep.equal(["person", "pulumi-sriov-controller"]);
    });

    it("is told of a conflict no more once the policy is gone", async () => {
      await cluster.observer.declare(deviceOf(4), 1);
      await policyFor(4, 4);
      await cluster.observer.device(deviceOf(4), (it) => conflictOn(it) !== undefined);
      await cluster.delete("own-4");
      await cluster.observer.device(deviceOf(4), (it) => conflictOn(it) === undefined);
      await cluster.observer.configured(deviceOf(4), 1);
    });
  });

  describe("somebody who uses one of its VFs", () => {
    it("keeps it: an edit of the count is refused in the words of the guard", async () => {
      await policyFor(5, 2);
      await cluster.configured(deviceOf(5), 2);
      await hold(5, true);
      await policyFor(5, 4);
      const { message } = await cluster.matched("own-5", deviceOf(5), "InUse");
      expect(message).to.include("VFs in use, 1 of 2").and.to.include("br0");
      expect(readyMessage(await cluster.ready("own-5", "Incomplete"))).to.include("0 of 1 NICs are as asked");
    });

    it("has the change done once it is released", async () => {
      await hold(5, false);
      await cluster.configured(deviceOf(5), 4);
      await cluster.ready("own-5", "Configured");
    });

    it("keeps it when the policy is deleted, until it is released", async () => {
      await hold(5, true);
      await cluster.delete("own-5");
      const find = (): Event | undefined =>
        events.list().find((it) => it.reason === "PolicyRefused" && /VFs in use, 1 of 4/.test(it.message));
      await until(events, find, () => true, "event");
      await cluster.configured(deviceOf(5), 4);
      await hold(5, false);
      await cluster.observer.configured(deviceOf(5), 0);
      expect(owners(await cluster.released(deviceOf(5)))).to.deep.equal([]);
    });

    it("loses it where the policy has the permission for its count", async () => {
      await policyFor(6, 2);
      await cluster.configured(deviceOf(6), 2);
      await hold(6, true);
      await policyFor(6, 4, { [Annotation.allowDisruption]: "4" });
      await cluster.configured(deviceOf(6), 4);
    });

    it("and the permission is used up by that", async () => {
      const isWithdrawn = ({ metadata }: { metadata: { annotations?: Readonly<Record<string, string>> } }): boolean =>
        metadata.annotations?.[Annotation.allowDisruption] === undefined;
      await cluster.policy("own-6", isWithdrawn);
      await cluster.observer.device(deviceOf(6), isWithdrawn);
      await cluster.ready("own-6", "Configured");
    });

    it("keeps it at the next change, since a permission is good for one", async () => {
      await hold(6, true);
      await policyFor(6, 2);
      await cluster.matched("own-6", deviceOf(6), "InUse");
      await hold(6, false);
      await cluster.configured(deviceOf(6), 2);
    });
  });
});
