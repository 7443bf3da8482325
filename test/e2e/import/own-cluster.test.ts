import { expect } from "chai";
import { Annotation, RECONCILER_NAMESPACE } from "../../../api/names.js";
import { PCI_DEVICE_CLAIM } from "../../../api/pci-device-claim.js";
import { SRIOV_NETWORK } from "../../../api/sriov-network.js";
import { SRIOV_NETWORK_NODE_POLICY } from "../../../api/sriov-network-node-policy.js";
import { type Lab, startLab } from "../../../lab/lab.js";
import { beginRun } from "../../../lab/processes/lab-run.js";
import { vfOf } from "../claims/claimable.js";
import { hardware, type Nic, nicOf, untilObject } from "../nics.js";
import { errorsOf, openStack, type TestStack, warningsOn } from "../stack.js";
import { bringIn, written, type Written } from "./brought-in.js";
import { pulumi } from "./pulumi.js";

/** A cluster that people have configured with kubectl, and a stack that takes it over. */
describe("pulumi-sriov import of a cluster with this project's reconciler", () => {
  let lab: Lab;
  let nics: readonly Nic[];
  let stack: TestStack;
  let import_: Written;
  const namespace = RECONCILER_NAMESPACE;
  const PERSON = { fieldManager: "kubectl", force: true };

  before(async function () {
    this.timeout(120_000);
    lab = await startLab(await beginRun({ label: "test" }));
    const node = await lab.addSimulatedNode("imported", { spec: hardware(4) });
    await lab.startController();
    nics = [0, 1, 2, 3].map((index) => nicOf(lab, node, index));
    await declareAll();
    import_ = await written(lab.controlPlane.kubeconfig);
    const environment = { KUBECONFIG: lab.controlPlane.kubeconfig };
    stack = await openStack({ program: import_.program, environment });
  });
  after(async () => {
    lab.client.close();
    await lab.run.stop();
  });

  /** A NIC by hand, one by a policy, one that is left alone, networks of either kind, and a claim. */
  async function declareAll(): Promise<void> {
    const { client } = lab;
    await nic(0).edit(2);
    await client.apply(
      SRIOV_NETWORK_NODE_POLICY,
      {
        metadata: { name: "storage", namespace },
        spec: {
          resourceName: "storage",
          nodeSelector: { "network-sriov.capable": "true" },
          nicSelector: { pfNames: ["eth1"] },
          numVfs: 3,
        },
      },
      PERSON,
    );
    const followed = { [Annotation.policy]: "storage" };
    const spec = { networkNamespace: "default", vlan: 100, ipam: '{"type":"static"}' };
    await client.apply(
      SRIOV_NETWORK,
      { metadata: { name: "storage", namespace, annotations: followed }, spec },
      PERSON,
    );
    const plain = { resourceName: "other", spoofChk: "off", trust: "on", metaPlugins: '{"type":"tuning"}' };
    await client.apply(SRIOV_NETWORK, { metadata: { name: "plain", namespace: "default" }, spec: plain }, PERSON);
    await nic(1).until("3 VFs", ({ status }) => status?.virtualFunctions?.length === 3);
    await nic(0).until("2 VFs", ({ status }) => status?.virtualFunctions?.length === 2);
    const { name, address } = vfOf(nic(0));
    await client.apply(
      PCI_DEVICE_CLAIM,
      { metadata: { name }, spec: { address, nodeName: "imported", userName: "alice" } },
      PERSON,
    );
    await untilObject(lab, PCI_DEVICE_CLAIM, name, "enabled", ({ status }) => status?.passthroughEnabled === true);
    for (const [network, where] of [
      ["storage", namespace],
      ["plain", "default"],
    ] as const) {
      const isAttached = ({ status }: { status?: { conditions?: readonly { reason?: string }[] } }): boolean =>
        status?.conditions?.some(({ reason }) => reason === "Attached") === true;
      await untilObject(lab, SRIOV_NETWORK, network, "attached", isAttached, where);
    }
  }

  function nic(index: number): Nic {
    const found = nics[index];
    if (found === undefined) throw new Error(`no NIC ${index}`);
    return found;
  }

  it("writes what somebody declared, and leaves out what comes with something else", () => {
    expect(import_.resources.map(({ type, id }) => `${type.split(":").at(-1) ?? ""} ${id}`)).to.deep.equal([
      "SriovNetworkDevice imported-eth0",
      `SriovNetworkNodePolicy ${namespace}/storage`,
      "SriovNetwork default/plain",
      `SriovNetwork ${namespace}/storage`,
      `PciDeviceClaim ${vfOf(nic(0)).name}`,
    ]);
    expect(import_.warnings).to.deep.equal(["pulumi-sriov import: left out: 1 NIC has its VFs by policies alone"]);
    expect(import_.printed).to.contain("1 NIC, 1 policy, 2 networks, 1 claim of");
  });

  it("writes a program in which what depends on another names it", () => {
    expect(import_.text).to.contain("const storage = new sriov.SriovNetworkNodePolicy(");
    expect(import_.text).to.contain("policy: storage,");
    expect(import_.text).to.contain("{ dependsOn: importedEth0 }");
  });

  it("is brought in, and then there is nothing to do: in preview, refresh and up", async () => {
    expect(await bringIn(stack, import_)).to.contain("= 5 imported");
    expect((await stack.preview()).steps).to.deep.equal({});
    await pulumi(stack, "refresh", "--yes", "--skip-preview", "--expect-no-changes");
    expect((await stack.up()).steps).to.deep.equal({});
    await pulumi(stack, "refresh", "--yes", "--skip-preview", "--expect-no-changes");
    expect(await nic(0).owners()).to.deep.equal(["kubectl-edit"]);
  });

  it("is changed only by whoever owns it, or by force", async () => {
    const { deviceName, nodeName, interfaceName } = nic(3);
    await nic(3).edit(2);
    await nic(3).until("2 VFs", ({ status }) => status?.virtualFunctions?.length === 2);
    const alone = await written(lab.controlPlane.kubeconfig);
    const other = await openStack({ environment: { KUBECONFIG: lab.controlPlane.kubeconfig } });
    await bringIn(other, alone);
    const changed =
      (forceConflicts: boolean) =>
      (sriov: Parameters<typeof alone.program>[0]): undefined => {
        new sriov.SriovNetworkDevice(deviceName, { nodeName, interfaceName, numVfs: 3, forceConflicts });
        return undefined;
      };
    expect(errorsOf(await other.upFails(changed(false))).join("\n")).to.contain(
      'owned by field manager "kubectl-edit"',
    );
    await other.up(changed(true));
    expect(await nic(3).numVfs()).to.equal(3);
    expect(await nic(3).owners())
      .to.have.length(1)
      .and.not.to.include("kubectl-edit");
  });

  it("stays when it is destroyed, and each is named with its owner", async () => {
    const done = await stack.destroy();
    const warnings = warningsOn(done, "").join("\n");
    expect(warnings).to.contain('imported-eth0 keeps 2 VFs: field manager "kubectl-edit" owns spec.numVFS too');
    expect(warnings).to.contain('policy storage stays: it is owned by "kubectl" alone');
    expect(warnings).to.contain("SriovNetwork default/plain stays: nothing of it is this resource's");
    expect(warnings).to.contain(`PCIDeviceClaim ${vfOf(nic(0)).name} stays`);
    expect(await stack.resources()).to.deep.equal([]);
    expect([await nic(0).numVfs(), await nic(1).numVfs()]).to.deep.equal([2, 3]);
  });
});
