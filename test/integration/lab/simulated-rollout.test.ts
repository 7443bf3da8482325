import { expect } from "chai";
import { LEASE } from "../../../api/lease.js";
import type { KubeObject, ResourceType } from "../../../api/object.js";
import { SRIOV_NETWORK_DEVICE } from "../../../api/sriov-network-device.js";
import { reconcilerObjects } from "../../../deploy/reconciler-objects.js";
import { settingsOf } from "../../../deploy/settings.js";
import { Informer } from "../../../kube/informer.js";
import { waitFor } from "../../../kube/wait.js";
import { RECONCILER_IMAGE, RECONCILER_REPOSITORY } from "../../../lab/images.js";
import { type Lab, startLab } from "../../../lab/lab.js";
import { NODE_POD } from "../../../lab/nodes/simulated/pods/node-pod.js";
import { beginRun, type LabRun } from "../../../lab/processes/lab-run.js";
import { resourceTypeOf } from "../deploy/resource-type.js";
import { untilObject } from "./until-object.js";

const NODES = ["east", "west"];
const NEXT_IMAGE = `${RECONCILER_REPOSITORY}:next`;

/** What an installation's pod templates come to on nodes that run them. The tests are one story, in order. */
describe("an installation on simulated nodes that run pods", function () {
  this.timeout(60_000);
  let run: LabRun;
  let lab: Lab;

  before(async () => {
    run = await beginRun({ label: "test" });
    lab = await startLab(run, { contract: false, scheduler: true, images: { [NEXT_IMAGE]: "reconciler" } });
    await Promise.all(NODES.map((name) => lab.addSimulatedNode(name, { pods: true })));
  });

  after(async () => {
    lab.client.close();
    await run.stop();
  });

  const install = async (image: string): Promise<void> => {
    for (const { object } of reconcilerObjects(settingsOf({ image }))) {
      await lab.client.apply(resourceTypeOf(object), object, { fieldManager: "test", force: true });
    }
  };
  const isRolledOut = async (): Promise<void> => {
    await untilObject(lab.client, DAEMON_SET, "pulumi-sriov-agent", (set) => {
      const { status } = set ?? {};
      return (
        isCurrent(set) && status?.updatedNumberScheduled === NODES.length && status.numberAvailable === NODES.length
      );
    });
    await untilObject(lab.client, DEPLOYMENT, "pulumi-sriov-controller", (deployment) => {
      const { replicas, updatedReplicas, availableReplicas } = deployment?.status ?? {};
      return isCurrent(deployment) && updatedReplicas === 2 && availableReplicas === 2 && replicas === 2;
    });
  };

  it("rolls out", async () => {
    await install(RECONCILER_IMAGE);
    await isRolledOut();
  });

  it("has an agent on each node that reports its NICs", async () => {
    const { items } = await lab.client.list(SRIOV_NETWORK_DEVICE);
    const expected = NODES.flatMap((node) => [`${node}-eno49`, `${node}-eno50`]);
    expect(items.map(({ metadata }) => metadata.name)).to.have.members(expected);
  });

  it("has a controller that leads", async () => {
    await untilObject(lab.client, LEASE, "pulumi-sriov-controller", (lease) =>
      (lease?.spec?.holderIdentity ?? "").startsWith("pulumi-sriov-controller-"),
    );
  });

  it("rolls out another image, with no node that runs both", async () => {
    const pods = new Informer(lab.client, NODE_POD, { labels: { "app.kubernetes.io/component": "agent" } }).start();
    await pods.synced;
    const most = new Map<string, number>();
    pods.onChange(() => {
      for (const node of NODES) {
        const there = pods.list().filter(({ spec }) => spec?.nodeName === node).length;
        most.set(node, Math.max(there, most.get(node) ?? 0));
      }
    });
    await install(NEXT_IMAGE);
    await isRolledOut();
    const images = pods.list().flatMap(({ spec }) => (spec?.containers ?? []).map(({ image }) => image));
    await pods.stop();
    expect(images).to.deep.equal(NODES.map(() => NEXT_IMAGE));
    expect([...most.values()]).to.deep.equal([1, 1]);
  });

  it("is gone with its DaemonSet and Deployment", async () => {
    const { namespace } = settingsOf();
    await lab.client.delete(DAEMON_SET, "pulumi-sriov-agent", { namespace });
    await lab.client.delete(DEPLOYMENT, "pulumi-sriov-controller", { namespace });
    const pods = new Informer(lab.client, NODE_POD, { namespace }).start();
    await pods.synced;
    await waitFor(
      pods,
      () => {
        const left = pods.list().map(({ metadata }) => metadata.name);
        if (left.length === 0) return { state: "satisfied", result: undefined };
        return { state: "pending", what: left.join(", ") };
      },
      { deadline: Date.now() + 30_000 },
    );
    await pods.stop();
  });
});

interface Workload extends KubeObject {
  readonly status?: {
    readonly observedGeneration?: number;
    readonly updatedNumberScheduled?: number;
    readonly numberAvailable?: number;
    readonly replicas?: number;
    readonly updatedReplicas?: number;
    readonly availableReplicas?: number;
  };
}

const DAEMON_SET: ResourceType<Workload> = {
  apiVersion: "apps/v1",
  kind: "DaemonSet",
  plural: "daemonsets",
  namespaced: true,
};
const DEPLOYMENT: ResourceType<Workload> = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  plural: "deployments",
  namespaced: true,
};

function isCurrent(workload: Workload | undefined): boolean {
  return workload?.status?.observedGeneration === workload?.metadata.generation;
}
