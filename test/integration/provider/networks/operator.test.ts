import { expect } from "chai";
import { NAMESPACE } from "../../../../api/core.js";
import { Annotation } from "../../../../api/names.js";
import {
  NETWORK_ATTACHMENT_DEFINITION,
  type NetworkAttachmentDefinition,
} from "../../../../api/network-attachment-definition.js";
import { SRIOV_NETWORK, type SriovNetwork } from "../../../../api/sriov-network.js";
import {
  type NodeStateInterfaceStatus,
  SRIOV_NETWORK_NODE_STATE,
  type SriovNetworkNodeState,
} from "../../../../api/sriov-network-node-state.js";
import { type Lab, startLab } from "../../../../lab/lab.js";
import { beginRun, type LabRun } from "../../../../lab/processes/lab-run.js";
import { type NetworkOutputs, PartialFailure, sriovCapability } from "../../../../provider/index.js";
import { until } from "../../agent/observer.js";
import { personKubeconfig } from "../../api/people.js";
import { configOf } from "../../controller/networks/cluster.js";
import { refusal } from "../../refusal.js";
import { NetworkDriver, placeIn } from "./driver.js";
import { OPERATOR_NAMESPACE, ScriptedOperator } from "./scripted-operator.js";

describe("a SriovNetwork resource on a cluster with the sriov-network-operator", () => {
  let run: LabRun;
  let lab: Lab;
  let operator: ScriptedOperator;
  let driver: NetworkDriver;
  const nic = { name: "ens1f0", pciAddress: "0000:3b:00.0", totalvfs: 8 };

  before(async () => {
    run = await beginRun({ label: "test" });
    lab = await startLab(run, { contract: false });
    operator = await ScriptedOperator.start(lab.client);
    driver = NetworkDriver.open(lab.controlPlane.kubeconfig);
  });
  after(async () => {
    await driver.close();
    await operator.stop();
    lab.client.close();
    await run.stop();
  });
  afterEach(() => {
    operator.resume();
    operator.speaks = false;
  });

  const attachmentOf = async (outputs: NetworkOutputs): Promise<NetworkAttachmentDefinition | undefined> => {
    const [namespace, name] = placeIn(outputs);
    const { items } = await lab.client.list(NETWORK_ATTACHMENT_DEFINITION, { namespace });
    return items.find(({ metadata }) => metadata.name === name);
  };

  /** Resolves when the provider's own watch has told of it. */
  const reported = async (node: string, device: NodeStateInterfaceStatus): Promise<void> => {
    await operator.reportNode(node, [device]);
    const states = await driver.cluster.objects(SRIOV_NETWORK_NODE_STATE);
    const seen = ({ status }: SriovNetworkNodeState): boolean => status?.interfaces?.length === 1;
    await until(states, () => states.get(node, OPERATOR_NAMESPACE), seen, node);
  };

  describe("whose nodes have not reported", () => {
    it("needs to be told the namespace", async () => {
      const error = await refusal(driver.check(driver.inputs("homeless", { resourceName: "fast" })), Error);
      expect(error.message).to.contain("its namespace is not known: give `namespace`");
    });
  });

  describe("whose nodes have no capable NIC", () => {
    before(() => reported("w1", { ...nic, totalvfs: 0 }));

    it("is refused in the preview", async () => {
      const news = driver.inputs("useless", { resourceName: "fast", requireCapableNode: true });
      const { failures } = await driver.check(news);
      expect(failures[0]?.reason).to.contain("no node of the cluster has an SR-IOV capable NIC").and.to.contain("w1");
    });
  });

  describe("whose nodes have capable NICs", () => {
    before(() => reported("w2", nic));

    it("is told which, by the operator's node states", async () => {
      const { capable, nodes } = await sriovCapability(driver.cluster);
      expect({ capable, nodes: nodes.map((node) => [node.nodeName, node.capable]) }).to.deep.equal({
        capable: true,
        nodes: [
          ["w1", false],
          ["w2", true],
        ],
      });
    });

    it("is created in the operator's namespace, and returns once the attachment is there, without any status", async () => {
      const policy = { policyName: "p", namespace: OPERATOR_NAMESPACE, resourceName: "fast" };
      const news = driver.inputs("main", { policy, requireCapableNode: true });
      const { id, outputs } = await driver.create(news);
      expect(outputs).to.include({
        namespace: OPERATOR_NAMESPACE,
        status: "Attached",
        networkAttachmentDefinition: id,
      });
      expect((await attachmentOf(outputs))?.metadata.annotations?.[Annotation.resourceName]).to.equal(
        "openshift.io/fast",
      );
    });

    it("has no annotation of this project's", async () => {
      const policy = { policyName: "p", namespace: "pulumi-sriov", resourceName: "fast" };
      const { outputs } = await driver.create(driver.inputs("plain", { policy }));
      const { metadata } = await lab.client.get(SRIOV_NETWORK, outputs.networkName, { namespace: OPERATOR_NAMESPACE });
      expect(metadata.annotations).to.equal(undefined);
    });

    it("is updated once the operator has changed the attachment, and not before", async () => {
      const created = await driver.create(driver.inputs("changed", { resourceName: "fast", vlan: 1 }));
      operator.works = false;
      const news = { resourceName: "fast", vlan: 2 };
      const error = await refusal(driver.update(created, news, 1_000), PartialFailure<NetworkOutputs>);
      expect(error.message).to.contain("the operator has not changed vlan of NetworkAttachmentDefinition");
      operator.resume();
      const { outputs } = await driver.update({ id: error.id, outputs: error.outputs }, { ...news, vlan: 3 });
      expect(configOf((await attachmentOf(outputs)) ?? expect.fail())).to.include({ vlan: 3 });
    });

    it("is updated at once where nothing of the network changes", async () => {
      const created = await driver.create(driver.inputs("same", { resourceName: "fast", vlan: 1 }));
      const { outputs } = await driver.update(created, { resourceName: "fast", vlan: 1, forceConflicts: true });
      expect(outputs.status).to.equal("Attached");
    });

    for (const speaks of [false, true]) {
      it(`is no difference to who may not see attachments, where the operator ${speaks ? "gives" : "gives no"} word`, async () => {
        operator.speaks = speaks;
        const name = `unseen-${speaks ? "told" : "untold"}`;
        const verbs = ["get", "list", "watch", "create", "patch", "delete"];
        const unseeing = NetworkDriver.open(await personKubeconfig(lab, name, verbs));
        const news = unseeing.inputs(name, { resourceName: "fast", namespace: OPERATOR_NAMESPACE });
        const created = await unseeing.create(news);
        const networks = await unseeing.cluster.objects(SRIOV_NETWORK, OPERATOR_NAMESPACE);
        const live = (): SriovNetwork | undefined => networks.get(created.outputs.networkName, OPERATOR_NAMESPACE);
        await until(networks, live, ({ status }) => (status?.conditions !== undefined) === speaks, name);
        expect(await unseeing.read(created)).to.deep.equal(created.outputs);
        expect(unseeing.warnings).to.deep.equal([]);
        await unseeing.close();
      });
    }

    it("takes the operator's word where it gives one", async () => {
      operator.speaks = true;
      const created = await driver.create(driver.inputs("told", { resourceName: "fast", linkState: "auto" }));
      // Nothing of the attachment changes, as this operator renders it.
      const { outputs } = await driver.update(created, { resourceName: "fast", linkState: "enable" });
      expect(outputs.status).to.equal("Attached");
    });

    it("is read as it was left", async () => {
      const created = await driver.create(driver.inputs("quiet", { resourceName: "fast" }));
      expect(await driver.read(created)).to.deep.equal(created.outputs);
    });

    it("is deleted once the operator has taken the attachment away", async () => {
      const created = await driver.create(driver.inputs("going", { resourceName: "fast" }));
      await driver.delete(created);
      expect(await attachmentOf(created.outputs)).to.equal(undefined);
    });

    it("says which finalizer keeps it where no operator runs any more", async () => {
      const created = await driver.create(driver.inputs("kept", { resourceName: "fast" }));
      operator.works = false;
      const error = await refusal(driver.delete(created, 1_000), Error);
      expect(error.message)
        .to.contain("not removed in time")
        .and.to.contain("kept by its finalizer netattdef.finalizers");
    });

    it("is refused with an attachment elsewhere unless it is in the operator's namespace", async () => {
      await lab.client.apply(NAMESPACE, { metadata: { name: "apps" } }, { fieldManager: "test" });
      const news = { resourceName: "fast", namespace: "apps", networkNamespace: "apps" };
      const { failures } = await driver.check(driver.inputs("apart", news));
      expect(failures).to.deep.equal([
        {
          property: "networkNamespace",
          reason:
            "networkNamespace is only for networks in sriov-network-operator, the namespace of the operator, and this one " +
            "is in apps",
        },
      ]);
    });

    it("is told of an attachment that the operator will take over", async () => {
      const metadata = { name: "handmade", namespace: OPERATOR_NAMESPACE };
      const person = { fieldManager: "kubectl-create" };
      await lab.client.create(NETWORK_ATTACHMENT_DEFINITION, { metadata, spec: { config: "{}" } }, person);
      await driver.checked(driver.inputs("over", { resourceName: "fast", networkName: "handmade" }));
      expect(driver.warnings.join()).to.contain("the sriov-network-operator takes it over");
    });
  });
});
