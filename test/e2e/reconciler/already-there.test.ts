import * as k8s from "@pulumi/kubernetes";
import { expect } from "chai";
import { readFileSync } from "node:fs";
import { CUSTOM_RESOURCE_DEFINITION, NAMESPACE } from "../../../api/core.js";
import { RECONCILER_NAMESPACE } from "../../../api/names.js";
import { isNotFound } from "../../../kube/errors.js";
import { type Lab, startLab } from "../../../lab/lab.js";
import { beginRun } from "../../../lab/processes/lab-run.js";
import { installHarvesterKinds } from "../../harvester/harvester-kinds.js";
import { OperatorCluster } from "../../integration/provider/operator-cluster.js";
import { type Done, errorsOf, openStack, type TestStack } from "../stack.js";

/** A program of the component alone, on a cluster where another controller looks after the same objects. */
async function stackOn(lab: Lab): Promise<TestStack> {
  return openStack({
    program(sriov) {
      new sriov.SriovReconciler("sriov");
      return undefined;
    },
    environment: { KUBECONFIG: lab.controlPlane.kubeconfig },
  });
}

async function hasNamespace({ client }: Lab): Promise<boolean> {
  try {
    await client.get(NAMESPACE, RECONCILER_NAMESPACE);
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

function refusal(done: Done): string {
  return errorsOf(done).join("\n");
}

describe("the reconciler where another controller is", function () {
  this.timeout(120_000);

  describe("Harvester's", () => {
    let lab: Lab;
    let stack: TestStack;

    before(async () => {
      lab = await startLab(await beginRun({ label: "test" }), { contract: false });
      await installHarvesterKinds(lab.client);
      stack = await stackOn(lab);
    });
    after(async () => {
      lab.client.close();
      await lab.run.stop();
    });

    it("is refused in the preview, which says what was found by what, and what to do", async () => {
      const told = refusal(await stack.previewFails());
      expect(told).to.contain("where Harvester's pcidevices controller looks after the same objects");
      expect(told).to.contain("it serves SRIOVNetworkDevice of devices.harvesterhci.io/v1beta1");
      expect(told).to.contain("Leave SriovReconciler out of the program");
      expect(told).not.to.match(/^ +at /m);
    });

    it("is refused in the preview by a provider that is given a kubeconfig alone", async () => {
      const kubeconfig = readFileSync(lab.controlPlane.kubeconfig, "utf8");
      const told = refusal(
        await stack.previewFails((sriov) => {
          const provider = new k8s.Provider("cluster", { kubeconfig });
          new sriov.SriovReconciler("sriov", {}, { provider });
          return undefined;
        }),
      );
      expect(told).to.contain("where Harvester's pcidevices controller looks after the same objects");
    });

    it("is refused in up, which makes nothing there", async () => {
      await stack.upFails();
      expect(await hasNamespace(lab)).to.equal(false);
    });
  });

  describe("the sriov-network-operator", () => {
    let operator: OperatorCluster;
    let stack: TestStack;

    before(async () => {
      operator = await OperatorCluster.start();
      stack = await stackOn(operator.lab);
    });
    after(() => operator.stop());

    it("is refused in the preview, which says what was found by what, and what to do", async () => {
      const told = refusal(await stack.previewFails());
      expect(told).to.contain("where the sriov-network-operator looks after the same objects");
      expect(told).to.contain("it serves SriovNetworkNodeState of sriovnetwork.openshift.io/v1");
    });

    it("is refused in up, which leaves the operator's kinds as they are", async () => {
      const kinds = async (): Promise<unknown> =>
        (await operator.lab.client.list(CUSTOM_RESOURCE_DEFINITION)).items.map(({ metadata }) => metadata.generation);
      const before = await kinds();
      await stack.upFails();
      expect(await kinds()).to.deep.equal(before);
      expect(await hasNamespace(operator.lab)).to.equal(false);
    });
  });
});
