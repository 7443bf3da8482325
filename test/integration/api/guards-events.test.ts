import { expect } from "chai";
import { Guard } from "../../../api/admission-policies.js";
import { EVENT, type Event } from "../../../api/event.js";
import { AGENT_FIELD_MANAGER, CONTROLLER_FIELD_MANAGER, RECONCILER_NAMESPACE } from "../../../api/names.js";
import { KubeClient } from "../../../kube/client.js";
import type { Lab } from "../../../lab/lab.js";
import { sharedLab } from "../../shared-lab.js";
import { refusedBy } from "./guarded.js";

const MINE = "n-events";
const OTHER = "n-events-other";
const OPTIONS = { fieldManager: "test" };

/** Roles let agents and controller write all events of the cluster: what is refused here is refused by the policy. */
describe("the guard of events", () => {
  let lab: Lab;
  let agent: KubeClient;
  let controller: KubeClient;
  const refused = (work: Promise<unknown>): Promise<string> => refusedBy(Guard.events, work);
  const write = (client: KubeClient, event: Event): Promise<Event> => client.create(EVENT, event, OPTIONS);
  const again = (client: KubeClient, { metadata: { name, namespace } }: Event): Promise<Event> =>
    client.merge(EVENT, name, { count: 2 }, { ...OPTIONS, namespace });

  before(async () => {
    lab = await sharedLab();
    agent = await lab.clientOfNode(MINE);
    controller = KubeClient.open({ kubeconfig: await lab.controllerKubeconfig() });
  });
  after(() => controller.close());

  it("lets an agent speak of its node's objects, and again", async () => {
    expect((await again(agent, await write(agent, eventOf(AGENT_FIELD_MANAGER, MINE)))).count).to.equal(2);
  });

  it("lets an agent speak of its Node", async () => {
    await write(agent, { ...eventOf(AGENT_FIELD_MANAGER, MINE), involvedObject: node(MINE) });
  });

  it("refuses an agent that speaks of another Node", async () => {
    const event = { ...eventOf(AGENT_FIELD_MANAGER, MINE), involvedObject: node(OTHER) };
    expect(await refused(write(agent, event))).to.equal(
      `${event.metadata.name}: an agent speaks of no Node but its own, and of nothing that has a namespace; this is ` +
        `user "system:serviceaccount:pulumi-sriov:pulumi-sriov-agent", whose credentials are bound to node "${MINE}"`,
    );
  });

  it("refuses an agent that speaks of a policy", async () => {
    const event = eventOf(AGENT_FIELD_MANAGER, MINE, RECONCILER_NAMESPACE);
    expect(await refused(write(agent, event))).to.include("of nothing that has a namespace");
  });

  for (const part of ["source", "reportingInstance"] as const) {
    it(`refuses an agent that speaks as that of another node, by ${part}`, async () => {
      const event = { ...eventOf(AGENT_FIELD_MANAGER, MINE), [part]: eventOf(AGENT_FIELD_MANAGER, OTHER)[part] };
      expect(await refused(write(agent, event))).to.include("agents and controller write events of their own alone");
    });
  }

  for (const part of ["source", "reportingComponent"] as const) {
    it(`refuses an agent that speaks as somebody else, by ${part}`, async () => {
      const event = { ...eventOf(AGENT_FIELD_MANAGER, MINE), [part]: eventOf("kubelet", MINE)[part] };
      await refused(write(agent, event));
    });
  }

  for (const [whose, component, host] of [
    ["the agent of another node", AGENT_FIELD_MANAGER, OTHER],
    ["the kubelet", "kubelet", MINE],
  ] as const) {
    it(`refuses an agent that changes an event of ${whose}`, async () => {
      const theirs = await write(lab.client, eventOf(component, host));
      await refused(again(agent, theirs));
    });

    it(`refuses an agent that takes an event of ${whose} for its own`, async () => {
      const { metadata } = await write(lab.client, eventOf(component, host));
      const { source, reportingComponent, reportingInstance } = eventOf(AGENT_FIELD_MANAGER, MINE);
      const patch = { source, reportingComponent, reportingInstance };
      await refused(agent.merge(EVENT, metadata.name, patch, { ...OPTIONS, namespace: metadata.namespace }));
    });
  }

  it("lets the controller speak of what is in any namespace, and again", async () => {
    const event = eventOf(CONTROLLER_FIELD_MANAGER, "controller-1", "kube-public");
    expect((await again(controller, await write(controller, event))).count).to.equal(2);
  });

  it("refuses a controller that speaks as an agent", async () => {
    await refused(write(controller, eventOf(AGENT_FIELD_MANAGER, MINE)));
  });

  it("refuses a controller that changes an event of somebody else", async () => {
    await refused(again(controller, await write(lab.client, eventOf("kubelet", MINE))));
  });

  it("lets everybody else write events as their roles say", async () => {
    expect((await again(lab.client, await write(lab.client, eventOf("kubelet", OTHER)))).count).to.equal(2);
  });
});

let made = 0;

/** About a device, or, with a namespace, about a policy there. */
function eventOf(component: string, host: string, namespace?: string): Event {
  const device = { apiVersion: "devices.harvesterhci.io/v1beta1", kind: "SriovNetworkDevice", name: "a" };
  const policy = { apiVersion: "sriovnetwork.openshift.io/v1", kind: "SriovNetworkNodePolicy", name: "a" };
  return {
    metadata: { name: `guarded.${++made}`, namespace: namespace ?? "default" },
    involvedObject: namespace === undefined ? device : { ...policy, namespace },
    type: "Normal",
    reason: "Tried",
    message: "tried",
    source: { component, host },
    reportingComponent: component,
    reportingInstance: host,
    firstTimestamp: "2026-01-01T00:00:00Z",
    lastTimestamp: "2026-01-01T00:00:00Z",
    count: 1,
  };
}

function node(name: string): Event["involvedObject"] {
  return { apiVersion: "v1", kind: "Node", name };
}
