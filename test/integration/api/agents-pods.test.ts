import { expect } from "chai";
import { AGENT_ACCOUNT } from "../../../api/agent-role.js";
import { NODE, POD } from "../../../api/core.js";
import { EVENT } from "../../../api/event.js";
import { AGENT_FIELD_MANAGER, Label, pciDeviceName } from "../../../api/names.js";
import { PCI_DEVICE } from "../../../api/pci-device.js";
import { CLAIM_FINALIZER, PCI_DEVICE_CLAIM } from "../../../api/pci-device-claim.js";
import { SRIOV_NETWORK_DEVICE } from "../../../api/sriov-network-device.js";
import { KubeClient } from "../../../kube/client.js";
import { ApiError, isForbidden } from "../../../kube/errors.js";
import type { Lab } from "../../../lab/lab.js";
import { sharedLab } from "../../shared-lab.js";
import { refusal } from "../refusal.js";
import { makeClaim, removeClaims } from "./claim.js";
import { makeDevice } from "./device.js";

const MINE = "n-pod";
const OTHER = "n-pod-other";
const OPTIONS = { fieldManager: "agent" };
const STATUS = { ...OPTIONS, subresource: "status" } as const;

type Attempt = (agent: KubeClient, lab: Lab, nodeName: string) => Promise<unknown>;

/** What an agent does on its node; and each attempt of the same on the objects of another. */
const ATTEMPTS: Readonly<Record<string, Attempt>> = {
  "label the Node": (agent, _, node) => agent.merge(NODE, node, labelled(Label.capable, "true"), OPTIONS),
  "make a SriovNetworkDevice": (agent, _, nodeName) => {
    const spec = { address: "0000:04:00.0", nodeName };
    return agent.apply(SRIOV_NETWORK_DEVICE, { metadata: { name: `${nodeName}-${fresh()}` }, spec }, OPTIONS);
  },
  "change a SriovNetworkDevice": async (agent, { client }, node) => {
    const { name } = (await makeDevice(client, node)).metadata;
    return agent.merge(SRIOV_NETWORK_DEVICE, name, labelled("a", "b"), OPTIONS);
  },
  "report a SriovNetworkDevice": async (agent, { client }, node) => {
    const { name } = (await makeDevice(client, node)).metadata;
    return agent.merge(SRIOV_NETWORK_DEVICE, name, { status: { totalVFs: 7 } }, STATUS);
  },
  "make a PCIDevice": (agent, _, node) => makePciDevice(agent, node),
  "change a PCIDevice": async (agent, { client }, node) =>
    agent.merge(PCI_DEVICE, await makePciDevice(client, node), labelled("a", "b"), OPTIONS),
  "report a PCIDevice": async (agent, { client }, nodeName) =>
    agent.merge(PCI_DEVICE, await makePciDevice(client, nodeName), { status: { nodeName, address: "" } }, STATUS),
  "delete a PCIDevice": async (agent, { client }, node) => agent.delete(PCI_DEVICE, await makePciDevice(client, node)),
  "hold a claim": async (agent, { client }, nodeName) => {
    const { name } = (await makeClaim(client, { nodeName })).metadata;
    return agent.merge(PCI_DEVICE_CLAIM, name, { metadata: { finalizers: [CLAIM_FINALIZER] } }, OPTIONS);
  },
  "report a claim": async (agent, { client }, nodeName) => {
    const { name } = (await makeClaim(client, { nodeName })).metadata;
    return agent.merge(PCI_DEVICE_CLAIM, name, { status: { passthroughEnabled: false } }, STATUS);
  },
  "speak in an event": (agent, _, host) => {
    const who = { reportingComponent: AGENT_FIELD_MANAGER, reportingInstance: host };
    return agent.create(
      EVENT,
      {
        metadata: { name: `${fresh()}.1`, namespace: "default" },
        involvedObject: { apiVersion: "v1", kind: "Node", name: host },
        ...{ type: "Normal", reason: "Tried", message: "", count: 1 },
        ...{ firstTimestamp: "2026-01-01T00:00:00Z", lastTimestamp: "2026-01-01T00:00:00Z" },
        ...{ source: { component: AGENT_FIELD_MANAGER, host }, ...who },
      },
      OPTIONS,
    );
  },
};

/** What an agent has no business with on any node. */
const NEVER: Readonly<Record<string, Attempt>> = {
  "delete the Node": (agent, _, node) => agent.delete(NODE, node),
  "report the Node": (agent, _, node) => agent.merge(NODE, node, { status: { phase: "Running" } }, STATUS),
  "delete a SriovNetworkDevice": async (agent, { client }, node) =>
    agent.delete(SRIOV_NETWORK_DEVICE, (await makeDevice(client, node)).metadata.name),
  "make a claim": (agent, _, nodeName) => makeClaim(agent, { nodeName }),
  "delete a claim": async (agent, { client }, nodeName) =>
    agent.delete(PCI_DEVICE_CLAIM, (await makeClaim(client, { nodeName })).metadata.name),
};

/** The token is the one that a kubelet asks for when it starts the agent's pod: the API server writes the pod's node into it. */
describe("the token of an agent's pod", () => {
  let lab: Lab;
  let agent: KubeClient;

  before(async () => {
    lab = await sharedLab();
    for (const node of [MINE, OTHER]) await lab.clientOfNode(node);
    agent = KubeClient.open({ kubeconfig: await kubeconfigOfPod(lab, "agent-of-n-pod", MINE) });
  });
  after(async () => {
    agent.close();
    await removeClaims(lab);
  });

  for (const [what, attempt] of Object.entries(ATTEMPTS)) {
    it(`lets it ${what}, on its node`, async () => {
      await attempt(agent, lab, MINE);
    });

    it(`refuses to ${what}, on another node`, async () => {
      const error = await refusal(attempt(agent, lab, OTHER), ApiError);
      expect(isForbidden(error), error.message).to.equal(true);
      expect(error.message).to.include(`node "${MINE}"`);
    });
  }

  for (const [what, attempt] of Object.entries(NEVER)) {
    for (const [whose, node] of [
      ["its node", MINE],
      ["another node", OTHER],
    ] as const) {
      it(`refuses to ${what}, on ${whose}`, async () => {
        const error = await refusal(attempt(agent, lab, node), ApiError);
        expect(isForbidden(error), error.message).to.equal(true);
      });
    }
  }
});

/** Text of a kubeconfig as of a pod of the agents' account on that node. */
async function kubeconfigOfPod({ client, controlPlane }: Lab, pod: string, nodeName: string): Promise<string> {
  const { namespace, name } = AGENT_ACCOUNT;
  const spec = { nodeName, serviceAccountName: name, containers: [{ name: "agent", image: "none" }] };
  const object = { metadata: { name: pod, namespace }, spec };
  await client.apply(POD, object, { fieldManager: "test", force: true });
  return controlPlane.serviceAccountKubeconfig({ namespace, name, boundPod: pod });
}

async function makePciDevice(client: KubeClient, nodeName: string): Promise<string> {
  const name = pciDeviceName(nodeName, `${(0xb000 + ++made).toString(16)}:04:10.1`);
  await client.create(PCI_DEVICE, { metadata: { name }, spec: {} }, OPTIONS);
  return name;
}

function labelled(label: string, value: string) {
  return { metadata: { labels: { [label]: value } } };
}

let made = 0;

function fresh(): string {
  return `by-pod-${++made}`;
}
