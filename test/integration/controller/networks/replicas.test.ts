import { expect } from "chai";
import { RECONCILER_NAMESPACE } from "../../../../api/names.js";
import { SRIOV_NETWORK, type SriovNetwork } from "../../../../api/sriov-network.js";
import type { LabController } from "../../../../lab/controller.js";
import type { Lab } from "../../../../lab/lab.js";
import { sharedLab } from "../../../shared-lab.js";
import { Cluster, configOf } from "./cluster.js";

const COUNT = 20;
/** The shortest lease by which a replica is found to be gone before a test's patience ends. */
const SHORT_LEASE = ["--lease-duration", "3", "--renew-deadline", "2", "--retry-period", "0.5"];

describe("networks that several controllers could look after", () => {
  let lab: Lab;
  let cluster: Cluster;
  const running: LabController[] = [];

  before(async () => {
    lab = await sharedLab();
    cluster = await Cluster.watch(lab.client);
  });
  after(() => cluster.stop());
  afterEach(async () => {
    await Promise.all(running.splice(0).map((controller) => controller.stop()));
  });

  const start = async (): Promise<LabController> => {
    const controller = await lab.startController({ args: SHORT_LEASE });
    running.push(controller);
    return controller;
  };

  const make = (namespace: string): Promise<SriovNetwork[]> =>
    Promise.all(
      Array.from({ length: COUNT }, (_, vlan) =>
        cluster.createCentral(`${namespace}-${vlan}`, { resourceName: "fast", networkNamespace: namespace, vlan }),
      ),
    );

  async function expectAllAttached(namespace: string, networks: readonly SriovNetwork[]): Promise<void> {
    for (const network of networks) await cluster.ready(network, "Attached");
    const configs = cluster.attachments.list().filter(({ metadata }) => metadata.namespace === namespace);
    const vlans = configs.map((attachment) => (configOf(attachment) as { readonly vlan: number }).vlan);
    expect(vlans.sort((a, b) => a - b)).to.deep.equal(Array.from({ length: COUNT }, (_, vlan) => vlan));
  }

  it("have their attachments with two at once", async () => {
    await Promise.all([start(), start()]);
    const namespace = await cluster.namespace();
    await expectAllAttached(namespace, await make(namespace));
  });

  it("have their attachments when one is killed among them, and another takes over", async () => {
    const first = await start();
    const namespace = await cluster.namespace();
    const networks = await make(namespace);
    const [one] = networks;
    if (one === undefined) throw new Error("there are no networks");
    await cluster.attachment(namespace, one.metadata.name);
    await first.stop("SIGKILL");
    await start();
    await expectAllAttached(namespace, networks);
  });

  it("leave nothing behind when one is killed while they go, and another takes over", async () => {
    const first = await start();
    const namespace = await cluster.namespace();
    const networks = await make(namespace);
    await expectAllAttached(namespace, networks);
    await Promise.all(networks.map(({ metadata }) => cluster.remove(SRIOV_NETWORK, metadata)));
    await first.stop("SIGKILL");
    await start();
    for (const { metadata } of networks) await cluster.noAttachment(namespace, metadata.name);
    const { items } = await lab.client.list(SRIOV_NETWORK, { namespace: RECONCILER_NAMESPACE });
    expect(items.filter(({ metadata }) => metadata.name.startsWith(`${namespace}-`))).to.deep.equal([]);
  });
});
