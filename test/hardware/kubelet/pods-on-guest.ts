import { NODE, POD, type Pod } from "../../../api/core.js";
import type { SriovNetworkDevice, VirtualFunctionStatus } from "../../../api/sriov-network-device.js";
import { Informer } from "../../../kube/informer.js";
import { waitFor } from "../../../kube/wait.js";
import { BUSYBOX_IMAGE } from "../../../lab/nodes/kubelet/busybox-image.js";
import type { KubeletNode } from "../../../lab/nodes/kubelet/kubelet-node.js";
import { until } from "../../integration/agent/observer.js";
import { AgentOnGuest } from "../agent/agent-on-guest.js";
import { first, second } from "../agent/guest.js";

/** What a pod may take on an emulated machine whose host is busy. */
const DEADLINE_MS = 300_000;

const NAMESPACE = "default";

/** Ends what the container tells of itself. */
const END = "-- that is all";

/** Tells of its environment, and of the device nodes for guests that it has and can open, and stays. */
const COMMAND = `
env
for node in $(find /dev/vfio -type c 2>/dev/null | sort); do (: <>"$node") && opened="$opened $node"; done
echo "OPENED=$opened"
echo "${END}"
exec tail -f /dev/null`;

/** A node with a kubelet and the agent, and pods that are run there. */
export class PodsOnGuest {
  private constructor(
    readonly hw: AgentOnGuest<KubeletNode>,
    private readonly pods: Informer<Pod>,
  ) {}

  static async start(): Promise<PodsOnGuest> {
    const hw = await AgentOnGuest.start((lab) => lab.addKubeletNode("pods"), DEADLINE_MS);
    const pods = new Informer(hw.lab.client, POD, { namespace: NAMESPACE }).start();
    await pods.synced;
    return new PodsOnGuest(hw, pods);
  }

  /** Ends the guest, and removes its Node and with that its NICs: programs of other tests select any that there is. */
  async stop(): Promise<void> {
    const { lab, node, observer } = this.hw;
    await this.pods.stop();
    await node.guest.stop();
    await lab.client.delete(NODE, node.name);
    const left = () => observer.devices.list().filter(({ spec }) => spec.nodeName === node.name);
    await waitFor(
      observer.devices,
      () =>
        left().length === 0
          ? { state: "satisfied", result: undefined }
          : { state: "pending", what: `the NICs of ${node.name} are still there` },
      { deadline: Date.now() + DEADLINE_MS },
    );
    await this.hw.stop();
  }

  /** Runs a pod that asks for one device of each resource. Resolves when its container runs. */
  async run(name: string, resources: readonly string[] = []): Promise<Pod> {
    const limits = Object.fromEntries(resources.map((resource) => [resource, "1"]));
    const spec = {
      nodeName: this.hw.node.name,
      automountServiceAccountToken: false,
      // Without any, the API server would not wait for the kubelet's word that the pod is over.
      terminationGracePeriodSeconds: 1,
      containers: [
        { name: "main", image: BUSYBOX_IMAGE, command: ["sh", "-c", COMMAND], resources: { limits, requests: limits } },
      ],
    };
    const metadata = { name, namespace: NAMESPACE };
    await this.hw.lab.client.create(POD, { metadata, spec }, { fieldManager: "person" });
    const isOver = ({ status }: Pod): boolean => ["Running", "Failed", "Succeeded"].includes(status?.phase ?? "");
    const pod = await until(this.pods, () => this.pods.get(name, NAMESPACE), isOver, name, DEADLINE_MS);
    if (pod.status?.phase !== "Running") throw new Error(`pod ${name} does not run: ${JSON.stringify(pod.status)}`);
    return pod;
  }

  /** The pod as the API server has it. */
  get(name: string): Pod | undefined {
    return this.pods.get(name, NAMESPACE);
  }

  /** What the container has told of itself, by its log in the guest: lines of `NAME=value`. */
  async told({ metadata: { name, uid } }: Pod): Promise<ReadonlyMap<string, string>> {
    const log = `/var/log/pods/${NAMESPACE}_${name}_${uid ?? ""}/main/0.log`;
    await this.hw.guest.until(`grep -q -- '${END}' ${log}`);
    // Each line has time, stream and a flag before it.
    const lines = (await this.hw.guest.run(`cut -d' ' -f4- ${log}`)).split("\n");
    return new Map(lines.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]));
  }

  /** Resolves when the kubelet has told that the pod is over, and it is gone. */
  async remove(name: string): Promise<void> {
    await this.hw.lab.client.delete(POD, name, { namespace: NAMESPACE });
    await waitFor(
      this.pods,
      () =>
        this.pods.get(name, NAMESPACE) === undefined
          ? { state: "satisfied", result: undefined }
          : { state: "pending", what: `pod ${name} is still there` },
      { deadline: Date.now() + DEADLINE_MS },
    );
  }

  /** Has no pods, and the NICs as {@link AgentOnGuest.restore} has them, whatever tests before did. */
  async restore(): Promise<void> {
    await Promise.all(this.pods.list().map(({ metadata: { name } }) => this.remove(name)));
    for (const nic of [first, second]) {
      const isFree = ({ status }: SriovNetworkDevice) => (status?.virtualFunctions ?? []).every(isUnused);
      await this.hw.observer.device(this.hw.nameOf(nic), isFree);
    }
    await this.hw.restore();
    // The kubelet tells the API server a while later; a pod that came before that would find nothing.
    await this.hw.nodeObject(({ status }) =>
      Object.entries(status?.allocatable ?? {}).every(([resource, count]) => !isOfPlugin(resource) || count === "0"),
    );
  }

  /** Takes a resource out of the Node, as a kubelet that is down has left it; one that comes up puts it back if it has it. */
  async forgetOffer(resource: string): Promise<void> {
    const none = { [resource]: null };
    const options = { fieldManager: "person", subresource: "status" } as const;
    await this.hw.lab.client.merge(NODE, this.hw.node.name, { status: { capacity: none, allocatable: none } }, options);
    await this.offers({ [resource]: 0 });
  }

  /** Resolves when the node offers so many of each resource; none where 0 is wanted, too. */
  async offers(wanted: Readonly<Record<string, number>>): Promise<void> {
    await this.hw.nodeObject(({ status }) =>
      Object.entries(wanted).every(([resource, count]) => Number(status?.allocatable?.[resource] ?? 0) === count),
    );
  }
}

/** Kubernetes' own have no domain. */
function isOfPlugin(resource: string): boolean {
  return resource.includes("/");
}

function isUnused({ usedBy }: VirtualFunctionStatus): boolean {
  return usedBy === undefined;
}
