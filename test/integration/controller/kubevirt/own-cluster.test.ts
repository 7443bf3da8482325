import { readFileSync } from "node:fs";
import { expect } from "chai";
import { KUBE_VIRT, type KubeVirt } from "../../../../api/kubevirt.js";
import { CLUSTER_ROLE } from "../../../../api/rbac.js";
import { controllerClusterRole, CONTROLLER_ROLE_NAME } from "../../../../api/controller-role.js";
import type { LabController } from "../../../../lab/controller.js";
import { installKubeVirt } from "../../../../lab/install-contract.js";
import { type Lab, startLab } from "../../../../lab/lab.js";
import { beginRun } from "../../../../lab/processes/lab-run.js";
import { uninstall } from "../../kube/optional-kind.js";
import { until } from "../../lab/until.js";
import { says } from "../controller-process.js";
import { entry, KubeVirtCluster } from "./kube-virt-cluster.js";

describe("KubeVirt on a cluster of its own", () => {
  // A lab of its own, since others need the kind that goes here, and for its audit log.
  let lab: Lab;
  let cluster: KubeVirtCluster;
  let controller: LabController;
  let kubeVirt: KubeVirt;
  const name = "intel.com/LATE";

  before(async () => {
    const run = await beginRun({ label: "test" });
    run.stopOnSignals();
    lab = await startLab(run, { audit: true });
    cluster = await KubeVirtCluster.start(lab);
    await uninstall(lab.client, KUBE_VIRT);
    controller = await lab.startController();
    await says(controller, /"leads"/);
  });
  after(async () => {
    await cluster.stop();
    await controller.stop();
    lab.client.close();
    await lab.run.stop();
  });

  it("has the devices of claims permitted that were there before it was installed", async () => {
    await cluster.claim(await cluster.device("kv-late", name));
    await installKubeVirt(lab.client);
    kubeVirt = await cluster.withList();
    await cluster.permits(kubeVirt, entry(name));
  });

  it("is not written to, nor anything else, by a controller that finds all as it should be", async () => {
    await controller.stop();
    const before = (await requests("stopped")).length;
    controller = await lab.startController();
    await says(controller, /"leads"/);
    // It looks at what is there from the beginning before it takes up what comes later.
    const later = await cluster.withList();
    await cluster.permits(later, entry(name));
    // A change of what is none of its business wakes it too.
    await cluster.edit(later, { spec: { imageTag: "v2" } });
    const last = await cluster.withList();
    await cluster.permits(last, entry(name));
    const since = (await requests("looked")).slice(before);
    const written = since.filter(({ verb }) => verb !== "list" && verb !== "get");
    const namespaces = written.map(({ objectRef }) => objectRef?.namespace);
    expect(namespaces).to.deep.equal([later.metadata.namespace, last.metadata.namespace]);
  });

  it("tells in an event what the controller may not do, and has it done once it may", async () => {
    const role = controllerClusterRole();
    const rules = role.rules.map((rule) =>
      rule.resources.includes(KUBE_VIRT.plural) ? { ...rule, verbs: ["get", "list", "watch"] } : rule,
    );
    const force = { fieldManager: "person", force: true };
    await lab.client.apply(CLUSTER_ROLE, { ...role, rules }, force);
    const other = "intel.com/FORBIDDEN";
    await cluster.claim(await cluster.device("kv-late", other));
    await cluster.event(kubeVirt, "PciDevicesRefused", "cannot patch resource");
    await lab.client.apply(CLUSTER_ROLE, role, force);
    await cluster.permits(kubeVirt, entry(name), entry(other));
    expect(role.metadata.name).to.equal(CONTROLLER_ROLE_NAME);
  });

  it("has all of them again when it was removed and is back", async () => {
    await uninstall(lab.client, KUBE_VIRT);
    await installKubeVirt(lab.client);
    kubeVirt = await cluster.withList();
    await cluster.permits(kubeVirt, entry("intel.com/FORBIDDEN"), entry(name));
  });

  /** What the controller has asked for so far of KubeVirts and claims; watches apart. */
  async function requests(mark: string): Promise<AuditEvent[]> {
    // The log is complete up to a request that is in it.
    await lab.client.list(KUBE_VIRT, { labels: { mark } });
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

const KINDS = new Set(["kubevirts", "pcideviceclaims", "pcidevices"]);

interface AuditEvent {
  readonly verb: string;
  readonly userAgent?: string;
  readonly objectRef?: { readonly resource?: string; readonly namespace?: string };
}
