import { expect } from "chai";
import type { LabController } from "../../../lab/controller.js";
import { runBounded } from "../../../reconciler/service/bounded.js";
import { nics } from "../agent/hardware.js";
import { until as eventually } from "../lab/until.js";
import { metric, served } from "./controller-process.js";
import { PolicyCluster, readyMessage, readyReason } from "./policy-cluster.js";

const POLICIES = 1_000;
const NICS = 10;
const VFS = 64;

/** Policy `index` asks for one VF of a NIC; the last ones for more than a NIC can have. */
function place(index: number): { nic: number; vf: number } {
  return { nic: index % NICS, vf: Math.floor(index / NICS) };
}

describe("a thousand policies", function () {
  this.timeout(180_000);
  let cluster: PolicyCluster;
  let controller: LabController;
  const nameOf = (index: number): string => `many-${String(index).padStart(4, "0")}`;
  const all = Array.from({ length: POLICIES }, (_, index) => index);
  const isFinal = (reason = ""): boolean => ["Configured", "Incomplete"].includes(reason);
  const reasons = (): Map<string | undefined, number> => {
    const ours = all.map((index) => cluster.policies.get(nameOf(index), "pulumi-sriov"));
    const groups = Map.groupBy(ours, (policy) => policy && readyReason(policy));
    return new Map([...groups].map(([reason, policies]) => [reason, policies.length]));
  };
  const apply = (index: number, vf = place(index).vf) =>
    cluster.apply(nameOf(index), {
      nodeSelector: { role: "many" },
      nicSelector: { pfNames: [`nic${place(index).nic}#${vf}-${vf}`] },
      numVfs: vf < VFS ? VFS : 2 * VFS,
    });

  before(async () => {
    cluster = await PolicyCluster.start();
    const spec = { nics: nics(NICS).map((nic) => ({ ...nic, totalVfs: VFS })) };
    await cluster.lab.addSimulatedNode("n-many", { spec });
    await cluster.label("n-many", { role: "many" });
    await runBounded(
      all.map((index) => async () => {
        await apply(index);
      }),
      16,
    );
    controller = await cluster.lab.startController();
  });
  after(async () => {
    const left = cluster.policies.list().map(
      ({ metadata }) =>
        () =>
          cluster.delete(metadata.name),
    );
    await runBounded(left, 16);
    await eventually(() => cluster.policies.list().length === 0);
    await cluster.stop(controller);
  });

  it("are each told what has come of them", async () => {
    // One after the other: to look at all of them at every change would keep this process from anything else.
    for (const index of all) await cluster.policy(nameOf(index), (policy) => isFinal(readyReason(policy)));
    expect(Object.fromEntries(reasons())).to.deep.equal({ Configured: NICS * VFS, Incomplete: POLICIES - NICS * VFS });
  });

  it("give every NIC a group for each VF, by one write", async () => {
    for (let nic = 0; nic < NICS; nic++) {
      const { spec, metadata } = await cluster.configured(`n-many-nic${nic}`, VFS);
      expect(spec.vfGroups).to.have.length(VFS);
      expect(metadata.generation).to.equal(2);
    }
  });

  it("tell in those that ask for more than there is why they get nothing", async () => {
    const policy = await cluster.ready(nameOf(POLICIES - 1), "Incomplete");
    expect(readyMessage(policy)).to.match(/0 of 1 NICs are as asked; n-many-nic9: Invalid: .*99/);
  });

  it("are not written again when one for another NIC changes", async () => {
    const ofOthers = (): [string, string | undefined][] =>
      all
        .filter((index) => place(index).nic !== 0)
        .map((index) => [nameOf(index), cluster.policies.get(nameOf(index), "pulumi-sriov")?.metadata.resourceVersion]);
    const before = ofOthers();
    await cluster.delete(nameOf(0));
    await apply(POLICIES - NICS, 0);
    await cluster.ready(nameOf(POLICIES - NICS), "Configured");
    expect(ofOthers()).to.deep.equal(before);
  });

  it("cost no write while nothing changes", async () => {
    const writes = async (): Promise<string[]> =>
      (await served(controller, "/metrics")).body
        .split("\n")
        .filter((line) => /api_requests_total\{verb="(create|update|patch|delete)"/.test(line))
        .filter((line) => !/resource="(leases|events)"/.test(line));
    const passes = (): Promise<number> =>
      metric(controller, 'pass_duration_seconds_count{job="policies",result="done"');
    await cluster.ready(nameOf(POLICIES - NICS), "Configured");
    const [before, passed] = [await writes(), await passes()];
    // A label that no policy asks for has the controller look at everything.
    await cluster.label("n-many", { unrelated: "yes" });
    await eventually(async () => (await passes()) > passed);
    expect(await writes()).to.deep.equal(before);
  });
});
