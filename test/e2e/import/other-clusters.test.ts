import { expect } from "chai";
import { pciDeviceName } from "../../../api/names.js";
import { PCI_DEVICE_CLAIM } from "../../../api/pci-device-claim.js";
import { PCI_DEVICE } from "../../../api/pci-device.js";
import { SRIOV_NETWORK_NODE_POLICY } from "../../../api/sriov-network-node-policy.js";
import { HarvesterCluster } from "../../harvester/harvester-cluster.js";
import { objectName } from "../../harvester/harvester-controller.js";
import { OPERATOR_NAMESPACE, OperatorCluster } from "../../integration/provider/operator-cluster.js";
import { OperatorController } from "../../integration/provider/operator-controller.js";
import { until } from "../../integration/lab/until.js";
import { openStack } from "../stack.js";
import { bringIn, type Written, written } from "./brought-in.js";
import { pulumi } from "./pulumi.js";

/** After it is brought in, neither a preview nor a refresh has anything to do. */
async function comesInUnchanged(kubeconfig: string, import_: Written): Promise<void> {
  const stack = await openStack({ program: import_.program, environment: { KUBECONFIG: kubeconfig } });
  await bringIn(stack, import_);
  expect((await stack.preview()).steps).to.deep.equal({});
  await pulumi(stack, "refresh", "--yes", "--skip-preview", "--expect-no-changes");
}

describe("pulumi-sriov import of a Harvester cluster", () => {
  let harvester: HarvesterCluster;
  let kubeconfig: string;
  let import_: Written;
  let device: string;
  let claimed: string;

  before(async () => {
    harvester = await HarvesterCluster.start();
    kubeconfig = harvester.lab.controlPlane.kubeconfig;
    const nic = harvester.freshNic();
    device = objectName(nic);
    await harvester.edit(nic, 3);
    await harvester.until(nic, ({ status }) => status?.vfAddresses?.length === 3);
    const [address = ""] = harvester.hardware.vfs(nic);
    claimed = pciDeviceName(nic.nodeName, address);
    const { client } = harvester.lab;
    const { uid = "" } = (await harvester.listed(claimed)).metadata;
    const owner = { apiVersion: PCI_DEVICE.apiVersion, kind: PCI_DEVICE.kind, name: claimed, uid };
    await client.create(
      PCI_DEVICE_CLAIM,
      {
        metadata: { name: claimed, ownerReferences: [owner] },
        spec: { address, nodeName: nic.nodeName, userName: "admin" },
      },
      { fieldManager: "harvester" },
    );
    await until(async () => (await client.get(PCI_DEVICE_CLAIM, claimed)).status?.passthroughEnabled === true);
    import_ = await written(kubeconfig);
  });
  after(() => harvester.stop());

  it("writes NICs that have VFs, and claims", () => {
    expect(import_.resources.map(({ id }) => id)).to.deep.equal([device, claimed]);
    expect(import_.warnings).to.deep.equal([]);
  });

  it("comes in unchanged", () => comesInUnchanged(kubeconfig, import_));
});

describe("pulumi-sriov import of a cluster with the sriov-network-operator", () => {
  let operator: OperatorCluster;
  let controller: OperatorController;
  let kubeconfig: string;
  let import_: Written;

  before(async () => {
    operator = await OperatorCluster.start();
    kubeconfig = operator.lab.controlPlane.kubeconfig;
    await operator.addNode("worker");
    controller = await OperatorController.start(operator);
    const { client } = operator.lab;
    const metadata = { name: "storage", namespace: OPERATOR_NAMESPACE };
    const nicSelector = { pfNames: ["eno49"], deviceID: "10c9" };
    const spec = { resourceName: "storage", nodeSelector: { role: "worker" }, nicSelector, numVfs: 2, priority: 10 };
    await client.apply(SRIOV_NETWORK_NODE_POLICY, { metadata, spec }, { fieldManager: "argocd" });
    await until(() => controller.reports.some((report) => report === "worker Succeeded 2"));
    import_ = await written(kubeconfig);
  });
  after(async () => {
    await controller.stop();
    await operator.stop();
  });

  it("writes the policies, and no NICs, whose VFs are the policies'", () => {
    expect(import_.resources.map(({ id }) => id)).to.deep.equal([`${OPERATOR_NAMESPACE}/storage`]);
    expect(import_.text).to.contain('nicSelector: { deviceId: "10c9", pfNames: ["eno49"] }');
  });

  it("comes in unchanged", () => comesInUnchanged(kubeconfig, import_));
});
