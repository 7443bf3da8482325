import { expect } from "chai";
import { NAMESPACE, NODE, POD } from "../../../../api/core.js";
import { Annotation, Label, RECONCILER_NAMESPACE } from "../../../../api/names.js";
import { NETWORK_ATTACHMENT_DEFINITION, NETWORK_STATUS } from "../../../../api/network-attachment-definition.js";
import type { KubeObject } from "../../../../api/object.js";
import { FIELD_MANAGER, installContract } from "../../../../lab/install-contract.js";
import { type Lab, startLab } from "../../../../lab/lab.js";
import { beginRun, type LabRun } from "../../../../lab/processes/lab-run.js";
import { readImpacts } from "../../../../plan/impact/impact.js";
import type { PartialNetworkInputs } from "../../../../provider/index.js";
import { personKubeconfig } from "../../api/people.js";
import { until } from "../../agent/observer.js";
import { refusal } from "../../refusal.js";
import { NetworkDriver } from "./driver.js";
import { makeDefaultAccount } from "../../service-account.js";

/** A cluster of its own, in which nothing is at first: what check says of it as it fills. */
describe("what is foreseen of a SriovNetwork", () => {
  let run: LabRun;
  let lab: Lab;
  let driver: NetworkDriver;
  const BY_HAND = { fieldManager: FIELD_MANAGER, force: true };

  before(async () => {
    run = await beginRun({ label: "test" });
    lab = await startLab(run, { contract: false });
    driver = NetworkDriver.open(lab.controlPlane.kubeconfig);
  });
  after(async () => {
    await driver.close();
    lab.client.close();
    await run.stop();
  });

  /** A node whose agent has reported that, or nothing; resolves when the provider's own watch has told of it. */
  const node = async (name: string, capable?: "true" | "false"): Promise<void> => {
    const metadata = { name, ...(capable && { labels: { [Label.capable]: capable } }) };
    await lab.client.apply(NODE, { metadata }, BY_HAND);
    const nodes = await driver.cluster.objects(NODE);
    const seen = ({ metadata }: KubeObject): boolean => metadata.labels?.[Label.capable] === capable;
    await until(nodes, () => nodes.get(name), seen, `node ${name}`);
  };
  const asking = { resourceName: "fast", requireCapableNode: true };

  describe("where nothing is installed", () => {
    it("is that up fails unless the kind is installed first", async () => {
      await driver.checked(driver.inputs("kindless", { resourceName: "fast" }));
      expect(driver.warnings[0]).to.contain("the cluster does not know the kind SriovNetwork");
      expect(driver.warnings[0]).to.contain("up fails unless something that it installs first brings it.");
    });

    it("is told by up, with what to do", async () => {
      const error = await refusal(driver.create(driver.inputs("kindless", { resourceName: "fast" })), Error);
      expect(error.message).to.contain("sriovnetworks.sriovnetwork.openshift.io is not installed");
      expect(error.message).to.contain("add it to this resource's dependsOn");
    });

    it("is that the namespace is missing", async () => {
      await driver.checked(driver.inputs("nowhere", { resourceName: "fast" }));
      expect(driver.warnings.join()).to.contain(`there is no namespace "${RECONCILER_NAMESPACE}": up fails unless`);
    });

    it("is that attachments are waited for, without Multus", async () => {
      await driver.checked(driver.inputs("plain", { resourceName: "fast" }));
      expect(driver.warnings.join()).to.contain(
        "the cluster has no kind NetworkAttachmentDefinition, which Multus brings",
      );
    });

    it("is where the network and its attachment will be", async () => {
      const inputs = await driver.checked(driver.inputs("placed", { resourceName: "fast", networkNamespace: "web" }));
      expect(inputs.networkName).to.match(/^placed-[0-9a-f]{7}$/);
      expect(inputs).to.include({
        namespace: RECONCILER_NAMESPACE,
        attachmentNamespace: "web",
        networkAttachmentDefinition: `web/${inputs.networkName}`,
      });
    });

    it("is nothing of the place while the attachment's namespace is not known", async () => {
      const news = driver.inputs("placeless", { resourceName: "fast" });
      const { inputs } = await driver.check(news, {}, new Set(["networkNamespace"]));
      expect(inputs).to.not.have.any.keys("attachmentNamespace", "networkAttachmentDefinition");
    });

    it("lets go of what cannot be there", async () => {
      const outputs = { networkName: "n", namespace: "x", fieldManager: "m", status: "", resourceUrn: "" };
      const state = { ...outputs, resourceName: "r", attachmentNamespace: "x", networkAttachmentDefinition: "x/n" };
      await driver.delete({ id: "x/n", outputs: state });
    });
  });

  describe("where everything is installed", () => {
    before(() => installContract(lab.client));

    it("is nothing", async () => {
      await driver.checked(driver.inputs("fine", { resourceName: "fast" }));
      expect(driver.warnings).to.deep.equal([]);
    });

    describe("of a network that is there", () => {
      const NAME = `${RECONCILER_NAMESPACE}/pods-net`;
      const state = async (): Promise<PartialNetworkInputs> => ({
        ...(await driver.checked(driver.inputs("pods", { resourceName: "fast", networkName: "pods-net", vlan: 1 }))),
      });
      const lines = (): number => driver.told.informed.length + driver.warnings.length;

      before(async () => {
        const spec = { containers: [{ name: "c", image: "none" }], automountServiceAccountToken: false };
        const status = (name: string): string => JSON.stringify([{ name: "cni0" }, { name, interface: "net1" }]);
        await makeDefaultAccount(lab.client);
        for (const [name, network] of [
          ["attached", NAME],
          ["elsewhere", `default/other`],
        ] as const) {
          const annotations = { [NETWORK_STATUS]: status(network) };
          const pod = { metadata: { name, namespace: "default", annotations }, spec };
          await lab.client.apply(POD, pod, BY_HAND);
        }
      });

      it("is nothing while it stays as it is", async () => {
        const olds = await state();
        await driver.checked(olds, olds);
        expect(lines()).to.equal(0);
      });

      it("is that running pods keep what they have where it changes, with those that are attached", async () => {
        const olds = await state();
        await driver.checked({ ...olds, vlan: 2 }, olds);
        const [warning = "", ...more] = driver.warnings;
        expect(more).to.deep.equal([]);
        expect(readImpacts(warning)).to.deep.equal([
          {
            ...{ object: NAME, kind: "network", change: "changed in vlan", destroyed: 0, created: 0 },
            ...{ inUse: [], outcome: "none" },
          },
        ]);
        expect(warning)
          .to.contain("Pods that run keep what they have")
          .and.to.contain("  - pod default/attached (net1)");
        expect(warning).not.to.contain("elsewhere");
      });

      it("is the same where it gets another name", async () => {
        const olds = await state();
        await driver.checked({ ...olds, networkName: "pods-net-2" }, olds);
        expect(driver.warnings.join("\n"))
          .to.contain("replaced, with another networkName")
          .and.to.contain("default/attached");
      });

      it("is that nobody may tell which pods are attached", async () => {
        const olds = await state();
        const unseeing = NetworkDriver.open(await personKubeconfig(lab, "podless", ["get", "list", "watch"]));
        const { failures } = await unseeing.check({ ...olds, vlan: 2 }, olds);
        expect(failures).to.deep.equal([]);
        expect(unseeing.warnings.join("\n")).to.contain("which are attached cannot be told: ").and.to.contain("pods");
        await unseeing.close();
      });
    });

    it("is that up waits for the attachment's namespace", async () => {
      await driver.checked(driver.inputs("web", { resourceName: "fast", networkNamespace: "web" }));
      expect(driver.warnings).to.deep.equal([
        'there is no namespace "web", which the attachment belongs in: up waits for it.',
      ]);
    });

    it("is that only networks beside the reconciler may have another namespace", async () => {
      for (const name of ["apps", "other"]) await lab.client.apply(NAMESPACE, { metadata: { name } }, BY_HAND);
      const news = { resourceName: "fast", namespace: "apps", networkNamespace: "other" };
      await driver.checked(driver.inputs("apart", news));
      expect(driver.warnings).to.deep.equal([
        "networkNamespace is only for networks in pulumi-sriov, the namespace of the reconciler, and this one is in apps. " +
          "up fails unless the reconciler runs there.",
      ]);
    });

    it("is nothing for a network whose own namespace is named again", async () => {
      await lab.client.apply(NAMESPACE, { metadata: { name: "apps" } }, BY_HAND);
      await driver.checked(
        driver.inputs("same", { resourceName: "fast", namespace: "apps", networkNamespace: "apps" }),
      );
      expect(driver.warnings).to.deep.equal([]);
    });

    it("is refused where another's attachment has the name, and says whose", async () => {
      const metadata = {
        name: "others",
        namespace: RECONCILER_NAMESPACE,
        annotations: { [Annotation.ownerRef]: "OVSNetwork.sriovnetwork.openshift.io/pulumi-sriov/others" },
      };
      await lab.client.create(NETWORK_ATTACHMENT_DEFINITION, { metadata, spec: { config: "{}" } }, BY_HAND);
      const { failures } = await driver.check(driver.inputs("own", { resourceName: "fast", networkName: "others" }));
      expect(failures).to.deep.equal([
        {
          property: "networkName",
          reason:
            "NetworkAttachmentDefinition pulumi-sriov/others is there already and belongs to " +
            "OVSNetwork.sriovnetwork.openshift.io/pulumi-sriov/others. Delete it, or give the network another name.",
        },
      ]);
    });

    it("is refused where somebody's attachment has the name, and says who wrote it", async () => {
      const metadata = { name: "handmade", namespace: RECONCILER_NAMESPACE };
      const person = { fieldManager: "kubectl-create" };
      await lab.client.create(NETWORK_ATTACHMENT_DEFINITION, { metadata, spec: { config: "{}" } }, person);
      const { failures } = await driver.check(driver.inputs("own", { resourceName: "fast", networkName: "handmade" }));
      expect(failures[0]?.reason).to.contain('was made by somebody else (written by "kubectl-create")');
    });

    it("is that another cluster is meant", async () => {
      const { failures } = await driver.check(driver.inputs("moved", asking), { clusterUid: "another" });
      expect(failures[0]?.reason).to.contain("this resource belongs to another cluster");
    });

    it("is found out no sooner than the cluster is known", async () => {
      const news = driver.inputs("unknown", { resourceName: "fast" });
      const { inputs, failures } = await driver.check(news, {}, new Set(["kubeconfig"]));
      expect({ inputs, failures }).to.deep.equal({ inputs: news, failures: [] });
    });
  });

  describe("where nodes come one after another", () => {
    it("is only a warning while there is no node", async () => {
      await driver.checked(driver.inputs("nodeless", asking));
      expect(driver.warnings.join()).to.contain("as far as is known (no node can be seen)");
    });

    it("is only a warning while a node has not reported, which is named", async () => {
      await node("n1", "false");
      await node("n2");
      await driver.checked(driver.inputs("early", asking));
      expect(driver.warnings.join()).to.contain("as far as is known (not reported yet: n2)");
    });

    it("is refused where all have reported and none is capable, naming them", async () => {
      await node("n2", "false");
      const { failures } = await driver.check(driver.inputs("useless", asking));
      expect(failures).to.have.length(1);
      expect(failures[0]).to.include({ property: "requireCapableNode" });
      expect(failures[0]?.reason)
        .to.contain("no node of the cluster has an SR-IOV capable NIC")
        .and.to.contain("n1, n2");
    });

    it("is refused by default", async () => {
      const { requireCapableNode, ...news } = driver.inputs("default", { resourceName: "fast" });
      expect((await driver.check(news)).failures).to.have.length(1);
    });

    it("is gone on with where the program says so", async () => {
      await driver.checked(driver.inputs("forced", { ...asking, requireCapableNode: false }));
      expect(driver.warnings).to.deep.equal([]);
    });

    it("is no matter for a network that exists", async () => {
      const news = driver.inputs("existing", asking);
      await driver.checked(news, { ...news, networkName: "existing", defaults: ["networkName"] });
    });

    it("is nothing where one node is capable", async () => {
      await node("n3", "true");
      await driver.checked(driver.inputs("useful", asking));
      expect(driver.warnings).to.deep.equal([]);
    });
  });
});
