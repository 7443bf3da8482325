import { expect } from "chai";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { type CustomResourceDefinition, CUSTOM_RESOURCE_DEFINITION, POD } from "../../../api/core.js";
import { Annotation } from "../../../api/names.js";
import type { KubeObject, ResourceType } from "../../../api/object.js";
import { SRIOV_NETWORK } from "../../../api/sriov-network.js";
import { SRIOV_NETWORK_NODE_POLICY } from "../../../api/sriov-network-node-policy.js";
import { REPOSITORY, testProject } from "../project.js";
import { openStack, type StateResource, type TestStack } from "../stack.js";
import { attachment, freshTwins, informedOf, type Twins } from "./twins.js";

const VIRTUAL_MACHINE: ResourceType<KubeObject & { readonly spec: unknown }> = {
  apiVersion: "kubevirt.io/v1",
  kind: "VirtualMachine",
  plural: "virtualmachines",
  namespaced: true,
};

/** KubeVirt's kind, without KubeVirt: nothing runs the machine. */
const virtualMachines: CustomResourceDefinition = {
  metadata: { name: "virtualmachines.kubevirt.io" },
  spec: {
    group: "kubevirt.io",
    scope: "Namespaced",
    names: {
      kind: "VirtualMachine",
      plural: "virtualmachines",
      singular: "virtualmachine",
      listKind: "VirtualMachineList",
    },
    versions: [
      {
        name: "v1",
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } },
      },
    ],
  },
};

/** examples/network as it stands, on disk. The tests are the steps of one story, in order. */
describe("examples/network", function () {
  // Pulumi's loader checks the types of all of Kubernetes each time that it runs the program.
  this.timeout(180_000);
  let twins: Twins;
  let stack: TestStack;
  let outputs: Readonly<Record<string, unknown>>;

  const addresses = (): string[][] =>
    (outputs["matchedDevices"] as { vfAddresses: string[] }[]).map((nic) => nic.vfAddresses);
  const key = (): string => String(outputs["networkAttachmentDefinition"]);
  const named = async (name: string): Promise<StateResource | undefined> =>
    (await stack.resources()).find(({ urn }) => urn.endsWith(`::${name}`));

  before(async () => {
    const project = await testProject();
    twins = await freshTwins();
    await twins.lab.client.create(CUSTOM_RESOURCE_DEFINITION, virtualMachines, { fieldManager: "test" });
    const folder = join(project.folder, "network");
    cpSync(join(REPOSITORY, "examples", "network"), folder, { recursive: true });
    // No pod runs in the lab, and Pulumi would wait ten minutes for one.
    const interfaces = JSON.stringify([twins.interfaceName]);
    const config = { interfaces, virtualMachine: "true", waitForPod: "false" };
    stack = await openStack({ folder, config });
  });
  after(() => twins.lab.client.delete(CUSTOM_RESOURCE_DEFINITION, virtualMachines.metadata.name));

  it("lists in preview the NICs that the policy selects, and what becomes of each", async () => {
    const done = await stack.preview();
    expect(done.steps["storage"]?.op).to.equal("create");
    const told = informedOf(done, "storage").join("\n");
    for (const { deviceName } of twins.nics) expect(told).to.match(new RegExp(`${deviceName} .*0 → 4 VFs`));
  });

  it("makes the VFs on every NIC that it selects, and tells which are the policy's", async () => {
    ({ outputs } = await stack.up());
    expect(await twins.numVfs()).to.deep.equal([4, 4]);
    const [a = "", b = ""] = twins.nics.map(({ address }) => address.replace("00.0", ""));
    expect(addresses()).to.deep.equal([a, b].map((nic) => [`${nic}10.0`, `${nic}10.2`]));
  });

  it("makes the attachment, with the policy's resource name", async () => {
    expect(outputs["resourceName"]).to.equal("storage");
    const made = await attachment(twins.lab, key());
    expect(made?.metadata.annotations?.[Annotation.resourceName]).to.equal("openshift.io/storage");
    expect(JSON.parse(made?.spec?.config ?? "")).to.include({ type: "sriov", vlan: 100 });
  });

  it("makes a pod that asks for one of those VFs, and for the network", async () => {
    const { id = "" } = (await named("client")) ?? {};
    const [namespace = "", name = ""] = id.split("/");
    const pod = (await twins.lab.client.get(POD, name, { namespace })) as KubeObject & {
      readonly spec: { readonly containers: readonly { readonly resources: unknown }[] };
    };
    expect(pod.metadata.annotations).to.include({ "k8s.v1.cni.cncf.io/networks": key() });
    const vf = { "openshift.io/storage": "1" };
    expect(pod.spec.containers[0]?.resources).to.deep.equal({ requests: vf, limits: vf });
  });

  it("has the other VFs bound to vfio-pci, for the virtual machine on a network of its own", async () => {
    const drivers = (await twins.nics[0].device()).status?.virtualFunctions?.map(({ driver }) => driver);
    expect(drivers).to.deep.equal(["ixgbevf", "ixgbevf", "vfio-pci", "vfio-pci"]);
    const machine = (await twins.lab.client.list(VIRTUAL_MACHINE)).items[0];
    const network = (await stack.resources()).find(
      ({ urn, type }) => type.endsWith("SriovNetwork") && urn.endsWith("::server"),
    );
    const attached = String(network?.outputs["networkAttachmentDefinition"]);
    expect(JSON.stringify(machine?.spec)).to.include(
      JSON.stringify({ multus: { networkName: attached } }).slice(1, -1),
    );
    expect((await attachment(twins.lab, attached))?.metadata.annotations?.[Annotation.resourceName]).to.equal(
      "openshift.io/server-machines",
    );
  });

  it("leaves nothing to do", async () => {
    expect((await stack.preview()).steps).to.deep.equal({});
  });

  it("has not drifted, says a refresh", async () => {
    const before = await stack.resources();
    await stack.refresh();
    expect(await stack.resources()).to.deep.equal(before);
  });

  it("carries another resource name of the policy into network, attachment and pod, and no VF goes", async () => {
    const [writes, before] = [await twins.writes(), await macAddresses()];
    await stack.automation.setConfig("resourceName", { value: "fast" });
    ({ outputs } = await stack.up());
    expect(outputs["resourceName"]).to.equal("fast");
    const made = await attachment(twins.lab, key());
    expect(made?.metadata.annotations?.[Annotation.resourceName]).to.equal("openshift.io/fast");
    expect(await twins.writes()).to.deep.equal(writes);
    expect(await macAddresses()).to.deep.equal(before);
  });

  it("leaves no VF, no attachment and no policy behind when it is destroyed", async () => {
    const attached = key();
    await stack.destroy();
    expect(await twins.numVfs()).to.deep.equal([0, 0]);
    expect(await attachment(twins.lab, attached)).to.equal(undefined);
    for (const type of [SRIOV_NETWORK_NODE_POLICY, SRIOV_NETWORK]) {
      const { items } = await twins.lab.client.list<KubeObject>(type);
      expect(items.filter(({ metadata }) => /^(storage|server)-/.test(metadata.name))).to.deep.equal([]);
    }
    expect(await stack.resources()).to.deep.equal([]);
  });

  /** Of the VFs that the first node has. */
  async function macAddresses(): Promise<unknown> {
    return (await twins.nics[0].device()).status?.virtualFunctions?.map(({ macAddress }) => macAddress);
  }
});
