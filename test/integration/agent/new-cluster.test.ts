import { expect } from "chai";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { agentClusterRole } from "../../../api/agent-role.js";
import { CUSTOM_RESOURCE_DEFINITION, type CustomResourceDefinition } from "../../../api/core.js";
import { customResourceDefinitions } from "../../../api/custom-resource-definitions.js";
import type { KubeObject, ResourceType } from "../../../api/object.js";
import { SRIOV_NETWORK_DEVICE } from "../../../api/sriov-network-device.js";
import { type Lab, startLab } from "../../../lab/lab.js";
import type { SimulatedNode } from "../../../lab/nodes/simulated-node.js";
import { beginRun, type LabRun } from "../../../lab/processes/lab-run.js";
import { uninstall } from "../kube/optional-kind.js";
import { until as eventually } from "../lab/until.js";
import { rescan } from "./agent-process.js";
import { addressOf, countsWritten, nics } from "./hardware.js";
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

  const agentLog = (): string => readFileSync(node.agentLog, "utf8");

  async function install(type: ResourceType<KubeObject>, object: KubeObject): Promise<void> {
    await lab.client.apply(type, object, { fieldManager: "test" });
  }

  it("is not ready while it may do nothing, and says what it could not read", async () => {
    await eventually(() => /not allowed with/.test(agentLog()));
    const [, port] = /"port":(\d+),"msg":"health and metrics are served"/.exec(agentLog()) ?? [];
    await eventually(async () => {
      const answer = await fetch(`http://127.0.0.1:${port ?? ""}/readyz`);
      const unread = (await answer.text()).match(/(?<=the cluster's )\S+(?= could not be read yet)/g) ?? [];
      return answer.status === 503 && unread.join() === "nodes,sriovnetworkdevices,pcidevices,pods";
    });
  });

  it("waits until it may", async () => {
    await install(CLUSTER_ROLE, agentClusterRole());
  });

  it("says which of its kinds are missing, and how to install them", async () => {
    await eventually(() => /has no kind SriovNetworkDevice/.test(agentLog()));
    expect(agentLog()).to.match(
      /its CustomResourceDefinition sriovnetworkdevices\.devices\.harvesterhci\.io is not installed.*kubectl apply -k/,
    );
    await eventually(() => /CustomResourceDefinition pcidevices\.devices\.harvesterhci\.io is not/.test(agentLog()));
  });

  it("waits for them", async () => {
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

  it("writes and reads nothing when it looks and finds nothing new", async () => {
    // What a look costs that finds one NIC renamed: its annotation and its status. It shows when a look has ended.
    const ofRename = ["patch sriovnetworkdevices n-first-nic1", "patch sriovnetworkdevices/status n-first-nic1"];
    await lookAtRenamed("first");
    await eventually(() => requestsByAgent().slice(-2).join() === ofRename.join());
    const before = requestsByAgent().length;
    for (const name of ["second", "third", "fourth"]) await lookAtRenamed(name);
    await eventually(() => requestsByAgent().length >= before + 6);
    expect(requestsByAgent().slice(before)).to.deep.equal([...ofRename, ...ofRename, ...ofRename]);
  });

  it("makes its objects anew by itself where their kind is removed and installed again, and leaves the VFs", async () => {
    const writes = await countsWritten(node.hardware, addressOf(0));
    await uninstall(lab.client, SRIOV_NETWORK_DEVICE);
    await eventually(() => /object of NIC \S+ \(\S+\): the cluster has no kind SriovNetworkDevice/.test(agentLog()));
    const [devices] = customResourceDefinitions();
    if (devices) await install(CUSTOM_RESOURCE_DEFINITION, devices);
    const { status } = await observer.ready("n-first-nic0", "Unmanaged");
    expect(status?.vfAddresses).to.have.length(2);
    expect(await countsWritten(node.hardware, addressOf(0))).to.deep.equal(writes);
  });

  async function lookAtRenamed(interfaceName: string): Promise<void> {
    await node.hardware.rename(addressOf(1), interfaceName);
    rescan(run, node);
    await observer.device("n-first-nic1", ({ status }) => status?.interfaceName === interfaceName);
  }

  interface AuditEvent {
    readonly verb: string;
    readonly user: { readonly username: string };
    /** Absent for what is no object, such as the list of kinds that a look begins with. */
    readonly objectRef?: { readonly resource: string; readonly subresource?: string; readonly name?: string };
  }

  /** For objects, without watches. */
  function requestsByAgent(): string[] {
    const lines = readFileSync(lab.controlPlane.auditLog ?? "", "utf8").split("\n");
    return lines
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as AuditEvent)
      .filter(({ user, verb, objectRef }) => user.username === AGENT && verb !== "watch" && objectRef !== undefined)
      .map(({ verb, objectRef }) => {
        const subresource = objectRef?.subresource === undefined ? "" : `/${objectRef.subresource}`;
        return `${verb} ${objectRef?.resource ?? ""}${subresource} ${objectRef?.name ?? ""}`;
      });
  }
});
