import { expect } from "chai";
import { LEASE } from "../../../api/lease.js";
import type { LabController } from "../../../lab/controller.js";
import { nics } from "../agent/hardware.js";
import { logOf, metric, says } from "./controller-process.js";
import { PolicyCluster } from "./policy-cluster.js";

/** A replica that is killed is waited for so long; an API server that is restarted takes longer than client-go's defaults allow for. */
const QUICK = ["--lease-duration", "4", "--renew-deadline", "3", "--retry-period", "0.5"];
/** Longer than any test: whoever leads after another has got the lease from him. */
const PATIENT = ["--lease-duration", "600", "--renew-deadline", "500", "--retry-period", "0.5"];

describe("two controllers", () => {
  let cluster: PolicyCluster;
  let controllers: LabController[] = [];
  const spec = (nic: number, numVfs = 2) => ({
    nodeSelector: { role: "lead" },
    nicSelector: { pfNames: [`nic${nic}`] },
    numVfs,
  });

  before(async () => {
    cluster = await PolicyCluster.start();
    await cluster.lab.addSimulatedNode("n-lead", { spec: { nics: nics(6) } });
    await cluster.label("n-lead", { role: "lead" });
  });
  after(() => cluster.stop(...controllers));

  /** A first one that leads, and a second one that stands by. */
  async function startTwo(args: readonly string[]): Promise<readonly [LabController, LabController]> {
    await Promise.all(controllers.map((controller) => controller.stop()));
    const leader = await cluster.lab.startController({ args });
    await says(leader, /"leads"/);
    const standby = await cluster.lab.startController({ args });
    await says(standby, /stands by while/);
    controllers = [leader, standby];
    return [leader, standby];
  }

  it("agree on one that writes", async () => {
    const [leader, standby] = await startTwo(PATIENT);
    await cluster.apply("lead-0", spec(0));
    await cluster.ready("lead-0", "Configured");
    expect(await metric(leader, "device_writes_total")).to.equal(1);
    expect(await metric(standby, "device_writes_total")).to.equal(0);
    expect([await metric(leader, "leader"), await metric(standby, "leader")]).to.deep.equal([1, 0]);
  });

  it("name the one in the lease", async () => {
    const { spec } = await cluster.lab.client.get(LEASE, "pulumi-sriov-controller", { namespace: "pulumi-sriov" });
    expect(spec?.holderIdentity).to.match(new RegExp(`^${controllers[0]?.name ?? ""}_[0-9a-f]{8}$`));
  });

  it("change places at once when the one ends cleanly", async () => {
    const [leader, standby] = controllers;
    await leader?.stop();
    expect(await leader?.process.exited).to.deep.equal({ code: 0, signal: null });
    await cluster.apply("lead-1", spec(1));
    await cluster.ready("lead-1", "Configured");
    expect(standby && (await metric(standby, "device_writes_total"))).to.equal(1);
  });

  it("come to the same when the one is killed: what it had done stays untouched, and the other does the rest", async () => {
    const [leader] = await startTwo(QUICK);
    await cluster.apply("lead-2", spec(2));
    await cluster.ready("lead-2", "Configured");
    const done = cluster.versions(["n-lead-nic2"]);
    await leader.stop("SIGKILL");
    await cluster.apply("lead-3", spec(3));
    await cluster.delete("lead-1");
    await cluster.ready("lead-3", "Configured");
    await cluster.observer.configured("n-lead-nic1", 0);
    expect(cluster.versions(["n-lead-nic2"])).to.include({
      "n-lead-nic2": done["n-lead-nic2"],
      "lead-2": done["lead-2"],
    });
  });

  it("have one that was away for too long stand by", async () => {
    const [leader, standby] = await startTwo(QUICK);
    leader.process.signal("SIGSTOP");
    await says(standby, /"leads"/);
    leader.process.signal("SIGCONT");
    await says(leader, /leads no more/);
    await says(leader, /stands by while/);
    await cluster.apply("lead-4", spec(4));
    await cluster.ready("lead-4", "Configured");
    expect(logOf(leader).match(/"leads"/g)).to.have.length(1);
  });

  it("go on after a restart of the API server", async () => {
    await startTwo(QUICK);
    const before = cluster.versions(["n-lead-nic2", "n-lead-nic3"]);
    await cluster.lab.controlPlane.apiServer.kill();
    await cluster.lab.controlPlane.apiServer.start();
    await cluster.apply("lead-5", spec(5));
    await cluster.configured("n-lead-nic5", 2);
    await cluster.ready("lead-5", "Configured");
    expect(cluster.versions(["n-lead-nic2", "n-lead-nic3"], ["lead-5"])).to.deep.equal(before);
  });
});
