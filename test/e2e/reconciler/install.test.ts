import { expect } from "chai";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { AGENT_ACCOUNT } from "../../../api/agent-role.js";
import { CONTROLLER_ACCOUNT } from "../../../api/controller-role.js";
import { NODE } from "../../../api/core.js";
import { RECONCILER_NAMESPACE } from "../../../api/names.js";
import { NETWORK_ATTACHMENT_DEFINITION } from "../../../api/network-attachment-definition.js";
import { claimReady, PCI_DEVICE_CLAIM } from "../../../api/pci-device-claim.js";
import { SRIOV_NETWORK_DEVICE } from "../../../api/sriov-network-device.js";
import { GUEST_IMAGE, RECONCILER_IMAGE } from "../../../lab/images.js";
import type { Lab } from "../../../lab/lab.js";
import { NODE_POD } from "../../../lab/nodes/simulated/pods/node-pod.js";
import type { SimulatedNode } from "../../../lab/nodes/simulated-node.js";
import { untilObject } from "../../integration/lab/until-object.js";
import { makeDefaultAccount } from "../../integration/service-account.js";
import { REPOSITORY, testProject } from "../project.js";
import { openStack, type TestStack, warningsOn } from "../stack.js";
import { emptyCluster, installed, NEXT_IMAGE, reconcilerPods, stopCluster } from "./pod-cluster.js";

const NODES = ["east", "west"];
/** Of the program's NIC, which it claims a VF of, and of the other, which is its policy's. */
const DECLARED = { name: "east-eno49", address: "0000:04:00.0" };
const BY_POLICY = { name: "east-eno50", address: "0000:04:00.1" };
const POOL = "openshift.io/storage";

/** examples/cluster as it stands, on a cluster that has nothing but nodes. The tests are the steps of one story, in order. */
describe("examples/cluster on an empty cluster", function () {
  this.timeout(120_000);
  let lab: Lab;
  let nodes: SimulatedNode[];
  let stack: TestStack;
  let outputs: Readonly<Record<string, unknown>>;

  before(async () => {
    const project = await testProject();
    lab = await emptyCluster();
    nodes = await Promise.all(NODES.map((name) => lab.addSimulatedNode(name, { pods: true })));
    await makeDefaultAccount(lab.client);
    const folder = join(project.folder, "cluster");
    cpSync(join(REPOSITORY, "examples", "cluster"), folder, { recursive: true });
    stack = await openStack({
      folder,
      config: { image: RECONCILER_IMAGE, node: "east", interface: "eno49", policyInterface: "eno50" },
      environment: { KUBECONFIG: lab.controlPlane.kubeconfig },
    });
  });
  after(() => stopCluster(lab));

  /** Counts of VFs in the kernels: the program's NIC, and the policy's on each node. */
  const kernels = async (): Promise<number[]> => [
    await countOf(0, DECLARED.address),
    ...(await Promise.all(NODES.map((_, index) => countOf(index, BY_POLICY.address)))),
  ];
  const countOf = async (node: number, address: string): Promise<number> => (await nodes[node]?.numVfs(address)) ?? NaN;
  const kept = async (): Promise<string[]> =>
    (await installed(lab.client)).filter(({ keeps }) => keeps).map(({ id, uid }) => `${id} ${uid}`);
  const usersOn = async (device: string): Promise<string[]> => {
    const { status } = await lab.client.get(SRIOV_NETWORK_DEVICE, device);
    return (status?.virtualFunctions ?? []).flatMap(({ usedBy = [] }) => usedBy);
  };

  it("is previewed, with a word on kinds that are not there yet", async () => {
    const { steps, ...done } = await stack.preview();
    for (const name of ["sriov", "sriov-namespace", "nic", "vf", "storage"]) {
      expect(steps[name]?.op, name).to.equal("create");
    }
    expect(warningsOn({ steps, ...done }, "nic").join()).to.match(/not (there|served|installed)/);
  });

  it("goes up in one, with VFs in the kernels", async () => {
    outputs = (await stack.up()).outputs;
    expect(outputs["vfAddresses"]).to.have.length(4);
    expect(outputs["passthroughEnabled"]).to.equal(true);
    const matched = outputs["matchedDevices"] as { readonly deviceName: string }[];
    expect(matched.map(({ deviceName }) => deviceName)).to.have.members([BY_POLICY.name, "west-eno50"]);
    expect(await kernels()).to.deep.equal([4, 2, 2]);
  });

  it("has a network for pods", async () => {
    const [namespace = "", name = ""] = (outputs["networkAttachmentDefinition"] as string).split("/");
    const { metadata } = await lab.client.get(NETWORK_ATTACHMENT_DEFINITION, name, { namespace });
    expect(namespace).to.equal("default");
    expect(metadata.annotations).to.include({ "k8s.v1.cni.cncf.io/resourceName": POOL });
  });

  it("runs an agent on each node and two controllers, under service accounts of their own", async () => {
    const shown = (await reconcilerPods(lab.client)).map(({ component, account, phase }) => [
      component,
      account,
      phase,
    ]);
    const [agent, controller] = [
      ["agent", AGENT_ACCOUNT.name, "Running"],
      ["controller", CONTROLLER_ACCOUNT.name, "Running"],
    ];
    expect(shown).to.have.deep.members([agent, agent, controller, controller]);
  });

  for (const { name } of [AGENT_ACCOUNT, CONTROLLER_ACCOUNT]) {
    it(`makes ${name} no administrator of the cluster`, async () => {
      expect(await mayDoEverything(lab, `system:serviceaccount:${RECONCILER_NAMESPACE}:${name}`)).to.equal(false);
    });
  }

  it("has nothing to do in a second preview", async () => {
    await stack.preview(undefined, { expectNoChanges: true });
  });

  it("goes to another image with VFs in use, of which none is touched", async () => {
    await useVf();
    const claimed = await lab.client.list(PCI_DEVICE_CLAIM);
    await Promise.all(nodes.map(({ hardware }) => hardware.clearWrites()));
    await stack.automation.setConfig("image", { value: NEXT_IMAGE });
    const { steps } = await stack.up();
    expect(Object.keys(steps)).to.have.members([
      "sriov-daemon-set-pulumi-sriov-agent",
      "sriov-deployment-pulumi-sriov-controller",
    ]);
    expect((await reconcilerPods(lab.client)).map(({ image }) => image)).to.deep.equal(Array(4).fill(NEXT_IMAGE));
    expect(await Promise.all(nodes.map(({ hardware }) => hardware.writes()))).to.deep.equal([[], []]);
    const after = await lab.client.list(PCI_DEVICE_CLAIM);
    expect(after.items.map(({ metadata: { uid, generation } }) => [uid, generation])).to.deep.equal(
      claimed.items.map(({ metadata: { uid, generation } }) => [uid, generation]),
    );
    expect(after.items.map((claim) => claimReady(claim)?.reason)).to.deep.equal(["Enabled"]);
  });

  it("has told the new agent who uses which VF", async () => {
    const claim = (await lab.client.list(PCI_DEVICE_CLAIM)).items[0];
    expect(await usersOn(BY_POLICY.name)).to.deep.equal(["pod default/guest"]);
    expect((await usersOn(DECLARED.name)).join()).to.match(new RegExp(`^claim ${claim?.metadata.name ?? ""}( |$)`));
  });

  it("is destroyed from the claim to the pods, which live to free the hardware", async () => {
    await lab.client.delete(NODE_POD, "guest", { namespace: "default" });
    await untilObject(lab.client, NODE_POD, "guest", (pod) => pod === undefined);
    const order: string[] = [];
    await stack.automation.destroy({
      onEvent({ resOutputsEvent }) {
        if (resOutputsEvent?.metadata.op === "delete")
          order.push(resOutputsEvent.metadata.urn.split("::").at(-1) ?? "");
      },
    });
    const workloads = ["sriov-daemon-set-pulumi-sriov-agent", "sriov-deployment-pulumi-sriov-controller"];
    const firstWorkload = Math.min(...workloads.map((name) => order.indexOf(name)));
    expect(order.indexOf("vf")).to.be.within(0, order.indexOf("nic") - 1);
    expect(order.indexOf("nic")).to.be.lessThan(firstWorkload);
    expect(order.lastIndexOf("storage")).to.be.lessThan(firstWorkload);
    expect(await kernels()).to.deep.equal([0, 0, 0]);
  });

  it("leaves the kinds and the namespace, and nothing else", async () => {
    const left = await installed(lab.client);
    expect(left.map(({ keeps }) => keeps)).to.deep.equal(Array(6).fill(true));
    expect(await reconcilerPods(lab.client)).to.deep.equal([]);
  });

  it("takes over what it has left", async () => {
    const before = await kept();
    await stack.up();
    expect(await kept()).to.deep.equal(before);
    expect(await kernels()).to.deep.equal([4, 2, 2]);
  });

  it("takes the kinds along once it is told to, which changes nothing at first", async () => {
    const before = await kept();
    await stack.automation.setConfig("removeCrds", { value: "true" });
    await stack.up();
    expect(await kept()).to.deep.equal(before);
    await stack.destroy();
    expect(await installed(lab.client)).to.deep.equal([]);
    expect(await kernels()).to.deep.equal([0, 0, 0]);
  });

  /** Resolves when a pod on the first node runs with a VF of the policy. */
  async function useVf(): Promise<void> {
    await untilObject(lab.client, NODE, "east", (node) => node?.status?.allocatable?.[POOL] === "2");
    const resources = { limits: { [POOL]: "1" } };
    const containers = [{ name: "main", image: GUEST_IMAGE, resources }];
    const spec = {
      nodeName: "east",
      automountServiceAccountToken: false,
      containers,
      terminationGracePeriodSeconds: 1,
    };
    await lab.client.create(
      NODE_POD,
      { metadata: { name: "guest", namespace: "default" }, spec },
      { fieldManager: "test" },
    );
    await untilObject(lab.client, NODE_POD, "guest", (pod) => pod?.status?.phase === "Running");
  }
});

async function mayDoEverything({ client }: Lab, user: string): Promise<boolean | undefined> {
  const spec = { user, resourceAttributes: { verb: "*", group: "*", resource: "*" } };
  const review = { apiVersion: "authorization.k8s.io/v1", kind: "SubjectAccessReview", spec };
  const path = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
  const answer = (await client.raw({ method: "POST", path, body: review })) as { status?: { allowed?: boolean } };
  return answer.status?.allowed;
}
