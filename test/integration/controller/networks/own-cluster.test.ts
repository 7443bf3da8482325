import { expect } from "chai";
import { readFileSync } from "node:fs";
import { Guard, VALIDATING_ADMISSION_POLICY_BINDING } from "../../../../api/admission-policies.js";
import { CUSTOM_RESOURCE_DEFINITION } from "../../../../api/core.js";
import { NETWORK_ATTACHMENT_DEFINITION } from "../../../../api/network-attachment-definition.js";
import type { LabController } from "../../../../lab/controller.js";
import { type Lab, startLab } from "../../../../lab/lab.js";
import { networkAttachmentDefinitionKind } from "../../../../lab/multus.js";
import { beginRun } from "../../../../lab/processes/lab-run.js";
import { uninstall } from "../../kube/optional-kind.js";
import { until } from "../../lab/until.js";
import { Cluster, readyOf } from "./cluster.js";

describe("networks on a cluster of their own", () => {
  // A lab of its own, since others need the kind that goes here, and for its audit log.
  let lab: Lab;
  let cluster: Cluster;
  let controller: LabController;

  before(async () => {
    const run = await beginRun({ label: "test" });
    run.stopOnSignals();
    lab = await startLab(run, { audit: true });
    await uninstall(lab.client, NETWORK_ATTACHMENT_DEFINITION);
    cluster = await Cluster.watch(lab.client);
    controller = await lab.startController();
  });
  after(async () => {
    await cluster.stop();
    await controller.stop();
    lab.client.close();
    await lab.run.stop();
  });

  it("say that Multus is missing", async () => {
    const network = await cluster.create("early", await cluster.namespace("nets"), { resourceName: "fast" });
    const refused = await cluster.ready(network, "KindMissing");
    expect(readyOf(refused)?.message).to.include("Install Multus");
    expect(refused.status).to.not.have.property("networkAttachmentDefinition");
  });

  it("have their attachments once it is there", async () => {
    await lab.client.apply(CUSTOM_RESOURCE_DEFINITION, networkAttachmentDefinitionKind(), {
      fieldManager: "multus",
      force: true,
    });
    const { metadata } = { metadata: { name: "early", namespace: "nets" } };
    await cluster.network(metadata, (network) => readyOf(network)?.reason === "Attached");
  });

  it("are not written to, nor anything else, by a controller that finds all as it should be", async () => {
    for (const name of ["one", "two", "three"]) {
      await cluster.ready(await cluster.create(name, "nets", { resourceName: "fast" }), "Attached");
    }
    await controller.stop();
    const before = (await requests("stopped")).length;
    controller = await lab.startController();
    // It looks at what is there from the beginning before it takes up what comes later.
    await cluster.ready(await cluster.create("later", "nets", { resourceName: "fast" }), "Attached");
    const since = (await requests("looked")).slice(before);
    const written = since.filter(({ verb }) => verb !== "list" && verb !== "get");
    expect(written.map(({ objectRef }) => objectRef?.name)).to.deep.equal(["later", "later"]);
  });

  it("say that they need a resource name, or a policy, where no guard has refused them", async () => {
    await lab.client.delete(VALIDATING_ADMISSION_POLICY_BINDING, Guard.networks);
    const attempt = () => cluster.create("nameless", "nets", {}).catch(() => undefined);
    await until(async () => (await attempt()) !== undefined);
    const refused = await cluster.network({ name: "nameless", namespace: "nets" }, (it) => readyOf(it) !== undefined);
    expect(readyOf(refused)?.reason).to.equal("ResourceNameMissing");
    expect(readyOf(refused)?.message).to.include("Set spec.resourceName, or name a SriovNetworkNodePolicy");
  });

  it("say that Multus is missing when it is removed", async () => {
    await uninstall(lab.client, NETWORK_ATTACHMENT_DEFINITION);
    await cluster.network({ name: "early", namespace: "nets" }, (it) => readyOf(it)?.reason === "KindMissing");
  });

  /** What the controller has asked for so far of networks and attachments; watches apart. */
  async function requests(mark: string): Promise<AuditEvent[]> {
    // The log is complete up to a request that is in it.
    await lab.client.list(NETWORK_ATTACHMENT_DEFINITION, { labels: { mark } });
    const log = (): string => readFileSync(lab.controlPlane.auditLog ?? "", "utf8");
    await until(() => log().includes(`mark%3D${mark}`));
    return log()
      .split("\n")
      .filter((line) => line.endsWith("}"))
      .map((line) => JSON.parse(line) as AuditEvent)
      .filter(({ userAgent, verb }) => userAgent?.startsWith("pulumi-sriov-controller") === true && verb !== "watch")
      .filter(({ objectRef }) => KINDS.has(objectRef?.resource ?? ""));
  }
});

const KINDS = new Set(["sriovnetworks", "network-attachment-definitions"]);

interface AuditEvent {
  readonly verb: string;
  readonly userAgent?: string;
  readonly objectRef?: { readonly resource?: string; readonly name?: string };
}
