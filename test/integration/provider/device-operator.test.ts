import { expect } from "chai";
import { NODE } from "../../../api/core.js";
import { SRIOV_NETWORK_NODE_POLICY } from "../../../api/sriov-network-node-policy.js";
import { SRIOV_NETWORK_NODE_STATE } from "../../../api/sriov-network-node-state.js";
import type { DeviceInputs, PartialDeviceInputs } from "../../../provider/core/device/device-inputs.js";
import type { DeviceOutputs } from "../../../provider/core/device/device-outputs.js";
import {
  Cluster,
  type Created,
  PartialFailure,
  pciDeviceClaim,
  sriovCapability,
  sriovNetworkDevice,
  sriovNetworkDevices,
} from "../../../provider/index.js";
import { until } from "../lab/until.js";
import { refusal } from "../refusal.js";
import { OPERATOR_NAMESPACE, OperatorCluster, policyPlace as place, vfAddress } from "./operator-cluster.js";
import { OperatorController } from "./operator-controller.js";
import { ResourceDriver } from "./resource-driver.js";

type Nic = Created<DeviceOutputs>;

describe("a NIC of a program on a cluster of the sriov-network-operator", () => {
  let operator: OperatorCluster;
  let controller: OperatorController;
  let driver: ResourceDriver<DeviceInputs, DeviceOutputs>;
  const NODES = ["plain", "shared", "parted", "even", "used", "early", "drifted", "gone", "silent"];

  before(async () => {
    operator = await OperatorCluster.start();
    for (const node of NODES) await operator.addNode(node);
    controller = await OperatorController.start(operator);
    driver = new ResourceDriver(Cluster.open({ kubeconfig: operator.lab.controlPlane.kubeconfig }), sriovNetworkDevice);
  });
  after(async () => {
    await driver.close();
    await controller.stop();
    await operator.stop();
    expect(controller.refused, "what the operator's webhook refuses").to.deep.equal([]);
  });

  const inputs = (nodeName: string, numVfs: number, more: PartialDeviceInputs = {}): PartialDeviceInputs => ({
    ...{ nodeName, interfaceName: "eno49", numVfs },
    resourceUrn: driver.urn("SriovNetworkDevice", nodeName),
    ...more,
  });
  const policyOf = (node: string) => operator.policyOf(node);
  const presentOn = (node: string) => operator.presentOn(node);
  const read = async (nic: Nic): Promise<DeviceOutputs> => (await driver.read(nic)) ?? expect.fail("it is gone");

  describe("in a preview", () => {
    it("is looked up in its node's state", async () => {
      const { inputs: checked } = await driver.check(inputs("plain", 2));
      expect(checked).to.include({ deviceName: "plain-eno49", address: "0000:04:00.0", totalVfs: 8, driver: "igb" });
    });

    it("is said to have its node drained", async () => {
      await driver.checked(inputs("plain", 2));
      expect(driver.warnings).to.have.length(1);
      expect(driver.warnings[0]).to.contain("plain-eno49: the sriov-network-operator drains node plain before");
    });

    it("cannot have more VFs than it supports", async () => {
      const { failures } = await driver.check(inputs("plain", 9));
      expect(failures).to.deep.equal([{ property: "numVfs", reason: "plain-eno49 supports at most 8 VFs, not 9" }]);
    });

    it("is one that its node has", async () => {
      const { failures } = await driver.check(inputs("plain", 2, { interfaceName: "eno50" }));
      expect(failures[0]?.reason).to.contain('node "plain" has no SR-IOV device "eno50"; its SR-IOV devices: eno49 (');
    });

    it("is of a node that there is", async () => {
      const { failures } = await driver.check(inputs("nowhere", 2));
      expect(failures[0]?.reason).to.contain(
        `no node "nowhere" in the cluster; nodes on which the sriov-network-operator's daemon has reported: drifted, `,
      );
    });

    it("is waited for where the operator has not reported its node", async () => {
      await operator.lab.client.create(NODE, { metadata: { name: "joining" } }, { fieldManager: "test" });
      await driver.checked(inputs("joining", 2));
      expect(driver.warnings[0]).to.contain("not discovered yet: the sriov-network-operator's daemon on node");
    });
  });

  describe("that nobody else has declared", () => {
    let nic: Nic;

    it("is created by a policy that selects it alone, and has its VFs then", async () => {
      nic = await driver.create(inputs("plain", 2));
      expect(nic.outputs).to.deep.include({
        numVfs: 2,
        status: "Configured",
        vfAddresses: [vfAddress(0), vfAddress(1)],
      });
      expect((await policyOf("plain"))?.spec).to.deep.include({
        resourceName: "plain_eno49",
        nodeSelector: { "kubernetes.io/hostname": "plain" },
        nicSelector: { rootDevices: ["0000:04:00.0"] },
        numVfs: 2,
        priority: 0,
      });
    });

    it("is read as it was left, and then has nothing to change", async () => {
      const outputs = await read(nic);
      expect(outputs).to.deep.equal(nic.outputs);
      const news = await driver.checked(inputs("plain", 2, { resourceUrn: outputs.resourceUrn }), outputs);
      expect(sriovNetworkDevice.diff(outputs, news, new Set())).to.include({ changed: false, unfinished: false });
      expect(driver.warnings).to.deep.equal([]);
    });

    it("is listed with the resource as the one who has declared its count", async () => {
      const [listed] = await sriovNetworkDevices(driver.cluster, { nodeName: "plain", managed: true });
      expect(listed).to.deep.include({
        ...{ name: "plain-eno49", numVfs: 2, declaredVfs: 2, totalVfs: 8, vendorId: "8086", deviceId: "10c9" },
        declaredBy: [{ kind: "resource", name: nic.outputs.fieldManager }],
      });
      expect(listed?.virtualFunctions[1]).to.deep.equal({
        ...{ index: 1, address: vfAddress(1), interfaceName: "eno49v1", driver: "igbvf" },
      });
    });

    it("is told of by the cluster's capability", async () => {
      const { nodes } = await sriovCapability(driver.cluster);
      const device = nodes.find(({ nodeName }) => nodeName === "plain")?.devices[0];
      expect(device).to.deep.include({ interfaceName: "eno49", numVfs: 2, totalVfs: 8 });
    });

    it("is updated once the node has the other count", async () => {
      controller.reports.length = 0;
      nic = await driver.update(nic, inputs("plain", 4));
      expect(controller.reports).to.deep.equal(["plain InProgress 2", "plain Succeeded 4"]);
      expect(nic.outputs.vfAddresses).to.have.length(4);
    });

    it("keeps its VFs when the resource is called otherwise", async () => {
      const renamed = await driver.create(inputs("plain", 4));
      controller.reports.length = 0;
      await driver.delete(nic);
      expect(await presentOn("plain")).to.equal(4);
      expect(controller.reports).to.deep.equal([]);
      nic = renamed;
    });

    it("has no policy while it is to have no VFs, since the operator refuses such", async () => {
      nic = await driver.update(nic, inputs("plain", 0));
      expect(nic.outputs).to.deep.include({ numVfs: 0, vfAddresses: [] });
      expect(await policyOf("plain")).to.equal(undefined);
    });

    it("has one again when it is to have VFs", async () => {
      nic = await driver.update(nic, inputs("plain", 2));
      expect(nic.outputs.vfAddresses).to.have.length(2);
    });

    it("has no VFs and no policy after it is deleted", async () => {
      await driver.delete(nic);
      expect(await policyOf("plain")).to.equal(undefined);
      expect(await presentOn("plain")).to.equal(0);
    });
  });

  describe("that a policy selects", () => {
    const storage = { name: "storage", namespace: OPERATOR_NAMESPACE };

    before(async () => {
      const spec = {
        resourceName: "storage",
        nodeSelector: { "kubernetes.io/hostname": "shared" },
        nicSelector: { pfNames: ["eno49"] },
        numVfs: 2,
        priority: 10,
      };
      await operator.lab.client.create(
        SRIOV_NETWORK_NODE_POLICY,
        { metadata: storage, spec },
        { fieldManager: "kubectl" },
      );
      await until(async () => (await presentOn("shared")) === 2);
    });

    const named = 'shared-eno49: spec.numVFS is owned by SriovNetworkNodePolicy "storage"';

    it("is refused another count, with the policy's name, in the preview and by up", async () => {
      const news = await driver.checked(inputs("shared", 4));
      expect(driver.warnings.join("\n")).to.contain(named).and.to.contain("up will be refused to change it to 4");
      const error = await refusal(driver.createChecked(news), Error);
      expect(error.message).to.contain(named).and.to.contain("change numVfs there or have it select other NICs");
      expect(await policyOf("shared")).to.equal(undefined);
    });

    it("is listed with the policy as the one who has declared its count", async () => {
      const [listed] = await sriovNetworkDevices(driver.cluster, { nodeName: "shared" });
      expect(listed).to.deep.include({ declaredVfs: 2, declaredBy: [{ kind: "policy", name: "storage" }] });
    });

    it("may be wanted with the same count, and stays the policy's", async () => {
      const nic = await driver.create(inputs("shared", 2));
      expect(nic.outputs).to.deep.include({ numVfs: 2, status: "Configured" });
      expect(await policyOf("shared")).to.equal(undefined);
      driver.told.warned.length = 0;
      await driver.delete(nic);
      expect(driver.warnings[0]).to.contain('shared-eno49 keeps 2 VFs: SriovNetworkNodePolicy "storage"');
    });

    it("is taken over where conflicts are forced, and given back when the resource is deleted", async () => {
      const nic = await driver.create(inputs("shared", 4, { forceConflicts: true }));
      expect(nic.outputs.vfAddresses).to.have.length(4);
      await driver.delete(nic);
      await until(async () => (await presentOn("shared")) === 2);
    });

    it("cannot be brought to no VFs by force: the operator has no policy of none", async () => {
      const error = await refusal(driver.create(inputs("shared", 0, { forceConflicts: true })), Error);
      expect(error.message).to.contain(named);
    });
  });

  describe("that cannot be taken from a policy by force", () => {
    const policy = async (node: string, pfName: string, priority?: number): Promise<void> => {
      const spec = {
        resourceName: node,
        nodeSelector: { "kubernetes.io/hostname": node },
        nicSelector: { pfNames: [pfName] },
        numVfs: 6,
        ...(priority !== undefined && { priority }),
      };
      const metadata = { name: `x-${node}`, namespace: OPERATOR_NAMESPACE };
      await operator.lab.client.create(SRIOV_NETWORK_NODE_POLICY, { metadata, spec }, { fieldManager: "kubectl" });
      await until(
        async () =>
          (await driver.cluster.objects(SRIOV_NETWORK_NODE_POLICY, OPERATOR_NAMESPACE)).get(
            metadata.name,
            OPERATOR_NAMESPACE,
          ) !== undefined,
      );
    };

    it("is refused in the preview and by up where the policy has other VFs of the NIC", async () => {
      await policy("parted", "eno49#4-5", 10);
      const reason = 'parted-eno49: SriovNetworkNodePolicy "x-parted" cannot be overruled with 4 VFs by forceConflicts';
      const { failures, inputs: news } = await driver.check(inputs("parted", 4, { forceConflicts: true }));
      expect(failures.map(({ property }) => property)).to.deep.equal(["numVfs"]);
      expect(failures[0]?.reason).to.contain(reason).and.to.contain("that wants most, 6");
      const error = await refusal(driver.createChecked(news as DeviceInputs), Error);
      expect(error.message).to.contain(reason).and.to.contain("Nothing was changed");
      expect(await policyOf("parted")).to.equal(undefined);
    });

    it("is refused where the policy has no priority, which the operator takes for 0, and a name that goes before", async () => {
      await policy("even", "eno49");
      const { failures } = await driver.check(inputs("even", 8, { forceConflicts: true }));
      expect(failures[0]?.reason).to.contain("of policies of priority 0 the last by name goes before");
    });

    it("has more VFs than it all the same", async () => {
      const { failures } = await driver.check(inputs("parted", 8, { forceConflicts: true }));
      expect(failures).to.deep.equal([]);
    });
  });

  describe("whose VFs pods use", () => {
    let nic: Nic;

    before(async () => {
      nic = await driver.create(inputs("used", 2));
      await operator.runPod("router-0", "used", vfAddress(1));
      await until(async () => (await usedBy()) !== undefined);
    });

    const usedBy = async (): Promise<string | undefined> => {
      const [listed] = await sriovNetworkDevices(driver.cluster, { nodeName: "used" });
      return listed?.virtualFunctions[1]?.usedBy;
    };

    it("is told with them", async () => {
      expect(await usedBy()).to.equal("pod default/router-0");
    });

    it("is refused another count in the preview", async () => {
      const { failures } = await driver.check(inputs("used", 3, { resourceUrn: nic.outputs.resourceUrn }), nic.outputs);
      expect(failures[0]?.reason)
        .to.contain("used by pod default/router-0")
        .and.to.contain("the sriov-network-operator then evicts what uses them");
    });

    it("is refused another count", async () => {
      const news = { ...nic.outputs, numVfs: 3 };
      const error = await refusal(sriovNetworkDevice.update(driver.told.operation(), nic.id, nic.outputs, news), Error);
      expect(error.message).to.contain(
        `${vfAddress(1)} (eno49v1) is used by pod default/router-0. Nothing was changed.`,
      );
      expect((await policyOf("used"))?.spec.numVfs).to.equal(2);
    });

    it("is not deleted either", async () => {
      const error = await refusal(driver.delete(nic), Error);
      expect(error.message).to.contain("used by pod default/router-0");
      expect(await presentOn("used")).to.equal(2);
    });

    it("is changed where the program says to proceed", async () => {
      nic = await driver.update(nic, inputs("used", 3, { onVfsInUse: "proceed" }));
      expect(nic.outputs.vfAddresses).to.have.length(3);
      await driver.delete(nic);
    });
  });

  describe("that had VFs before anybody declared any", () => {
    before(async () => {
      await operator.report("early", "Succeeded", 3);
      await until(async () => (await sriovNetworkDevices(driver.cluster, { nodeName: "early" }))[0]?.numVfs === 3);
    });

    it("is listed as nobody's", async () => {
      const [listed] = await sriovNetworkDevices(driver.cluster, { nodeName: "early", managed: false });
      expect(listed).to.deep.include({ numVfs: 3, declaredBy: [], status: "Unmanaged" });
    });

    it("cannot be brought to none, since the operator leaves such VFs alone", async () => {
      const news = inputs("early", 0);
      const { failures } = await driver.check(news);
      expect(failures[0]?.reason).to.contain("early-eno49 has 3 VFs that no policy asks for");
      const error = await refusal(driver.createChecked(news as DeviceInputs), Error);
      expect(error.message).to.contain("Set numVfs to 3 first, and to 0 then").and.to.contain("Nothing was changed");
    });

    it("is given back without them once it was declared with as many", async () => {
      await driver.delete(await driver.create(inputs("early", 3)));
      expect(await presentOn("early")).to.equal(0);
    });
  });

  describe("whose policy others touch", () => {
    let nic: Nic;
    beforeEach(async () => {
      nic = await driver.create(inputs("drifted", 2));
    });
    afterEach(() => driver.delete(nic));

    it("is read with the count that somebody has set, whom up names then", async () => {
      const { client } = operator.lab;
      const { name, namespace } = place("drifted");
      const change = { spec: { numVfs: 3 } };
      await client.merge(SRIOV_NETWORK_NODE_POLICY, name, change, { namespace, fieldManager: "kubectl-edit" });
      expect(await read(nic)).to.deep.include({ numVfs: 3 });
      const error = await refusal(driver.update(nic, inputs("drifted", 2)), Error);
      expect(error.message).to.contain('owned by field manager "kubectl-edit", which has set it to 3');
      nic = await driver.update(nic, inputs("drifted", 2, { forceConflicts: true }));
      expect(nic.outputs.vfAddresses).to.have.length(2);
    });

    it("is read without VFs where somebody has deleted it, and up makes it anew", async () => {
      const { name, namespace } = place("drifted");
      await operator.lab.client.delete(SRIOV_NETWORK_NODE_POLICY, name, { namespace });
      await until(async () => (await presentOn("drifted")) === 0);
      expect(await read(nic)).to.deep.include({ numVfs: 0, vfAddresses: [] });
      nic = await driver.update(nic, inputs("drifted", 2));
      expect(nic.outputs.vfAddresses).to.have.length(2);
    });
  });

  describe("that is away, or whose operator is", () => {
    it("whose node is gone is still there to be deleted, and its policy goes", async () => {
      const nic = await driver.create(inputs("gone", 2));
      const { client } = operator.lab;
      await client.delete(NODE, "gone");
      await client.delete(SRIOV_NETWORK_NODE_STATE, "gone", { namespace: OPERATOR_NAMESPACE });
      await until(
        async () =>
          (await driver.cluster.devices()).get("gone-eno49")?.status?.conditions?.[0]?.reason === "DeviceGone",
      );
      expect(await read(nic)).to.deep.include({ status: "DeviceGone", vfAddresses: [] });
      await driver.delete(nic);
      expect(await policyOf("gone")).to.equal(undefined);
    });

    it("says that the operator does not answer, keeps what is known, and goes on with the next up", async () => {
      controller.works = false;
      const error = await refusal(driver.create(inputs("silent", 2), 1_000), PartialFailure<DeviceOutputs>);
      expect(error.message).to.contain(
        "silent-eno49: not ready with 2 VFs in time: waiting for the sriov-network-operator",
      );
      controller.works = true;
      controller.wake();
      const nic = await driver.update({ id: error.id, outputs: error.outputs }, inputs("silent", 2));
      expect(nic.outputs.vfAddresses).to.have.length(2);
      await driver.delete(nic);
    });

    it("is no device that a claim could be made for, as the preview says", async () => {
      const claims = new ResourceDriver(driver.cluster, pciDeviceClaim);
      const { failures } = await claims.check({ nodeName: "plain", address: vfAddress(0), resourceUrn: "urn" });
      expect(failures[0]?.reason).to.contain("knows no claims").and.to.contain('deviceType: "vfio-pci"');
    });
  });
});
