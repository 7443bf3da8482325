import { expect } from "chai";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { agentClusterRole } from "../../../api/agent-role.js";
import { CUSTOM_RESOURCE_DEFINITION, type CustomResourceDefinition } from "../../../api/core.js";
import { customResourceDefinitions } from "../../../api/custom-resource-definitions.js";
import type { KubeObject, ResourceType } from "../../../api/object.js";
import { type Lab, startLab } from "../../../lab/lab.js";
import type { SimulatedNode } from "../../../lab/nodes/simulated-node.js";
import { beginRun, type LabRun } from "../../../lab/processes/lab-run.js";
import { until as eventually } from "../lab/until.js";
import { rescan } from "./agent-process.js";
import { addressOf, nics } from "./hardware.js";
import { Observer } from "./observer.js";

const CLUSTER_ROLE: ResourceType<KubeObject> = {
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind: "ClusterRole",
  plural: "clusterroles",
  namespaced: false,
};
const AGENT = "system:serviceaccount:pulumi-sriov:pulumi-sriov-agent";

/** A cluster of its own, since the shared one has everything already, and keeps no audit log. */
describe("an agent in a cluster that knows nothing of it", () => {
  let run: LabRun;
  let lab: Lab;
  let node: SimulatedNode;
  let observer: Observer;

  before(async () => {
    run = await beginRun({ label: "test" });
    lab = await startLab(run, { contract: false, audit: true });
    node = await lab.addSimulatedNode("n-first", { spec: { nics: nics(2) }, agent: false });
    await node.startAgent();
  });
  after(async () => {
    await observer.stop();
    lab.client.close();
    await run.stop();
  });

  async function install(type: ResourceType<KubeObject>, object: KubeObject): Promise<void> {
    await lab.client.apply(type, object, { fieldManager: "test" });
  }

  it("waits while it may do nothing", async () => {
    await eventually(() => /not allowed with/.test(readFileSync(node.agentLog, "utf8")));
    await install(CLUSTER_ROLE, agentClusterRole());
  });

  it("waits while its kinds are missing", async () => {
    await eventually(() => /sriovnetworkdevices was answered with 404/.test(readFileSync(node.agentLog, "utf8")));
    const [devices] = customResourceDefinitions();
    if (devices) await install(CUSTOM_RESOURCE_DEFINITION, devices);
    const fixture = join(__dirname, "..", "..", "..", "..", "test", "fixtures", "harvester", "pcidevices.yaml");
    await install(CUSTOM_RESOURCE_DEFINITION, parse(readFileSync(fixture, "utf8")) as CustomResourceDefinition);
  });

  it("works as soon as they are there", async () => {
    await lab.awaitReport(node);
    observer = await Observer.start(lab.client);
    await observer.ready("n-first-nic0", "Unmanaged");
  });

  it("loses nothing of a PCIDevice where the kind is that of released Harvester", async () => {
    await observer.declare("n-first-nic0", 2);
    await observer.configured("n-first-nic0", 2);
    const [first] = await observer.pciDevicesOf("n-first-nic0");
    const expected = ["address", "vendorId", "deviceId", "classId", "iommuGroup", "nodeName", "resourceName"];
    expect(Object.keys(first?.status ?? {})).to.have.members([...expected, "description", "kernelDriverInUse"]);
    expect(first?.status).to.include({ address: "0000:01:10.0", kernelDriverInUse: "ixgbevf" });
  });

  it("writes nothing when it looks and finds nothing new", async () => {
    // What a look costs that finds one NIC renamed: its annotation and its status. It shows when a look has ended.
    const ofRename = ["patch sriovnetworkdevices n-first-nic1", "patch sriovnetworkdevices/status n-first-nic1"];
    await lookAtRenamed("first");
    await eventually(() => writesByAgent().slice(-2).join() === ofRename.join());
    const before = writesByAgent().length;
    for (const name of ["second", "third", "fourth"]) await lookAtRenamed(name);
    await eventually(() => writesByAgent().length >= before + 6);
    expect(writesByAgent().slice(before)).to.deep.equal([...ofRename, ...ofRename, ...ofRename]);
  });

  async function lookAtRenamed(interfaceName: string): Promise<void> {
    await node.hardware.rename(addressOf(1), interfaceName);
    rescan(run, node);
    await observer.device("n-first-nic1", ({ status }) => status?.interfaceName === interfaceName);
  }

  interface AuditEvent {
    readonly verb: string;
    readonly user: { readonly username: string };
    readonly objectRef?: { readonly resource: string; readonly subresource?: string; readonly name?: string };
  }

  function writesByAgent(): string[] {
    const lines = readFileSync(lab.controlPlane.auditLog ?? "", "utf8").split("\n");
    return lines
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as AuditEvent)
      .filter(({ user, verb }) => user.username === AGENT && !["get", "list", "watch"].includes(verb))
      .map(({ verb, objectRef }) => {
        const subresource = objectRef?.subresource === undefined ? "" : `/${objectRef.subresource}`;
        return `${verb} ${objectRef?.resource ?? ""}${subresource} ${objectRef?.name ?? ""}`;
      });
  }
});
