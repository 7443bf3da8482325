import { NAMESPACE, NODE } from "../../api/core.js";
import { CONTROLLER_LEASE_NAME, LEASE } from "../../api/lease.js";
import { Annotation, RECONCILER_NAMESPACE } from "../../api/names.js";
import {
  NETWORK_ATTACHMENT_DEFINITION,
  type NetworkAttachmentDefinition,
} from "../../api/network-attachment-definition.js";
import type { Condition, KubeObject, ResourceType } from "../../api/object.js";
import { SRIOV_NETWORK, type SriovNetwork, type SriovNetworkSpec } from "../../api/sriov-network.js";
import { SRIOV_NETWORK_DEVICE, type SriovNetworkDevice } from "../../api/sriov-network-device.js";
import {
  type DeviceType,
  PolicyReason,
  SRIOV_NETWORK_NODE_POLICY,
  type SriovNetworkNodePolicy,
  type SriovNetworkNodePolicySpec,
} from "../../api/sriov-network-node-policy.js";
import { isNotFound } from "../../kube/errors.js";
import { type Change, Informer } from "../../kube/informer.js";
import { waitFor } from "../../kube/wait.js";
import type { Lab } from "../../lab/lab.js";
import type { SimulatedNode } from "../../lab/nodes/simulated-node.js";
import { nics } from "../integration/agent/hardware.js";
import { sharedLab } from "../shared-lab.js";
import { type EndState, endState } from "./end-state.js";

/** What people ask for; each is the whole of it, and one is gone over to from any other. */
export type Wish = "nothing" | "first" | "swapped" | "second";

const DEADLINE_MS = 45_000;
/** So long nothing is written where nothing is to come: an agent and a controller answer in a tenth of it. */
const QUIET_MS = 1_000;
const PERSON = "person";

/** Three nodes of two NICs each, and all that people ask of them by policies and networks. */
export class PolicyWorld {
  readonly devices: Informer<SriovNetworkDevice>;
  private readonly policies: Informer<SriovNetworkNodePolicy>;
  private readonly networks: Informer<SriovNetwork>;
  private readonly attachments: Informer<NetworkAttachmentDefinition>;
  nodes: readonly SimulatedNode[] = [];

  private constructor(
    readonly lab: Lab,
    /** Begins every name, so that it shares a lab with others. */
    readonly prefix: string,
  ) {
    const { client } = lab;
    this.devices = new Informer(client, SRIOV_NETWORK_DEVICE).start();
    this.policies = new Informer(client, SRIOV_NETWORK_NODE_POLICY).start();
    this.networks = new Informer(client, SRIOV_NETWORK).start();
    this.attachments = new Informer(client, NETWORK_ATTACHMENT_DEFINITION).start();
  }

  static async start(prefix: string): Promise<PolicyWorld> {
    const world = new PolicyWorld(await sharedLab(), prefix);
    await world.build();
    return world;
  }

  async stop(): Promise<void> {
    await Promise.all(this.informers().map((informer) => informer.stop()));
  }

  /** Has everybody ask for this, and for nothing else any more. */
  async ask(wish: Wish): Promise<void> {
    const { claim, policies, networks } = this.wishes(wish);
    await this.claim(claim);
    await this.applyOnly(SRIOV_NETWORK_NODE_POLICY, this.policies.list(), policies);
    await this.applyOnly(SRIOV_NETWORK, this.networks.list(), networks);
  }

  /** All of it as it is now, without what differs from one run to the next though nothing is different. */
  state(): EndState {
    const ours = <T extends KubeObject>(informer: Informer<T>): T[] =>
      informer.list().filter((object) => this.isOurs(object));
    return endState({
      devices: ours(this.devices),
      policies: ours(this.policies),
      networks: ours(this.networks),
      attachments: ours(this.attachments),
    });
  }

  /** Resolves when all is as in `wanted`; else rejects after a while with what is otherwise. */
  async reaches(wanted: EndState): Promise<void> {
    await waitFor(this, () => this.differs(wanted), { deadline: Date.now() + DEADLINE_MS });
  }

  /** Resolves with the state in which nothing has changed for a while, once the wish is fulfilled as far as can be. */
  async settles(wish: Wish): Promise<EndState> {
    await waitFor(this, () => this.unfulfilled(wish), { deadline: Date.now() + DEADLINE_MS });
    await new Promise<void>((resolve) => {
      const done = (): void => {
        unsubscribe();
        resolve();
      };
      let timer = setTimeout(done, QUIET_MS);
      const unsubscribe = this.onChange(() => {
        clearTimeout(timer);
        timer = setTimeout(done, QUIET_MS);
      });
    });
    return this.state();
  }

  /** The lease of one that was killed is waited for; here nobody has that time, and test/integration/controller has it. */
  async releaseLease(): Promise<void> {
    await this.lab.client
      .delete(LEASE, CONTROLLER_LEASE_NAME, { namespace: RECONCILER_NAMESPACE })
      .catch(ignoreNotFound);
  }

  onChange(listener: (change: Change<KubeObject>) => void): () => void {
    const ends = [this.devices, this.policies, this.networks, this.attachments].map((it) => it.onChange(listener));
    return () => ends.forEach((end) => end());
  }

  deviceName(node: number, nic: number): string {
    return `${this.prefix}-${node}-nic${nic}`;
  }

  private async build(): Promise<void> {
    const { prefix, lab } = this;
    const { client } = lab;
    await Promise.all(this.informers().map((informer) => informer.synced));
    const names = [1, 2, 3].map((number) => `${prefix}-${number}`);
    this.nodes = await Promise.all(names.map((name) => lab.addSimulatedNode(name, { spec: { nics: nics(2) } })));
    for (const name of names) {
      await client.merge(NODE, name, { metadata: { labels: { role: prefix } } }, { fieldManager: PERSON });
    }
    for (const name of [RECONCILER_NAMESPACE, ...["own", "far", "third"].map((part) => `${prefix}-${part}`)]) {
      await client.apply(NAMESPACE, { metadata: { name } }, { fieldManager: PERSON, force: true });
    }
  }

  /** Two policies share one NIC by ranges, one goes from node to node; and a NIC of it is somebody else's at first. */
  private wishes(wish: Wish): Wishes {
    if (wish === "nothing") return { claim: undefined, policies: [], networks: [] };
    const isFirst = wish !== "second";
    const [low, high] = wish === "swapped" ? SWAPPED : DRIVERS;
    return {
      claim: isFirst ? { numVFS: 3, mtu: 1_500 } : undefined,
      policies: [
        this.policy(
          "low",
          isFirst ? { ...onNic("nic0#0-1"), numVfs: 4, deviceType: low } : { ...onNic("nic0"), numVfs: 6 },
        ),
        ...(isFirst ? [this.policy("high", { ...onNic("nic0#2-3"), numVfs: 4, deviceType: high })] : []),
        this.policy(
          "limited",
          isFirst
            ? { ...onNic("nic1"), numVfs: 2, mtu: 1_500 }
            : { ...onNic("nic1"), numVfs: 4, mtu: 2_000, resourceName: "other" },
          { [Annotation.maxUnavailable]: "1" },
        ),
      ],
      networks: [
        this.network("own", `${this.prefix}-own`, { resourceName: "fast", ...(!isFirst && { vlan: 5 }) }),
        this.network("far", RECONCILER_NAMESPACE, {
          resourceName: "fast",
          networkNamespace: `${this.prefix}-${isFirst ? "far" : "third"}`,
        }),
        this.network("follows", RECONCILER_NAMESPACE, {}, { [Annotation.policy]: `${this.prefix}-limited` }),
      ],
    };
  }

  private policy(name: string, spec: PolicyInput, annotations = {}): SriovNetworkNodePolicy {
    const metadata = { name: `${this.prefix}-${name}`, namespace: RECONCILER_NAMESPACE, annotations };
    return { metadata, spec: { resourceName: name, nodeSelector: { role: this.prefix }, ...spec } };
  }

  private network(name: string, namespace: string, spec: SriovNetworkSpec, annotations = {}): SriovNetwork {
    return { metadata: { name: `${this.prefix}-${name}`, namespace, annotations }, spec };
  }

  /** One NIC is a person's; undefined: he lets go of it. */
  private async claim(spec: Wishes["claim"]): Promise<void> {
    const name = this.deviceName(3, 1);
    const metadata = { name, uid: this.devices.get(name)?.metadata.uid };
    const object = { metadata, ...(spec && { spec }) };
    await this.lab.client.apply(SRIOV_NETWORK_DEVICE, object, { fieldManager: PERSON });
  }

  private async applyOnly<T extends KubeObject>(
    type: ResourceType<T>,
    present: readonly T[],
    wanted: readonly T[],
  ): Promise<void> {
    const { client } = this.lab;
    for (const object of wanted) await client.apply(type, object, { fieldManager: PERSON });
    const isWanted = ({ metadata }: T): boolean => wanted.some((object) => object.metadata.name === metadata.name);
    for (const { metadata } of present.filter((object) => !isWanted(object))) {
      const { name, namespace = "" } = metadata;
      if (name.startsWith(`${this.prefix}-`)) await client.delete(type, name, { namespace }).catch(ignoreNotFound);
    }
  }

  private differs(wanted: EndState) {
    const now = this.state();
    const others = [...new Set([...Object.keys(wanted), ...Object.keys(now)])]
      .filter((key) => wanted[key] !== now[key])
      .map((key) => `${key} is\n${now[key] ?? "missing"}\nand not\n${wanted[key] ?? "missing"}`);
    return others.length === 0 ? SATISFIED : ({ state: "pending", what: others.join("\n\n") } as const);
  }

  private unfulfilled(wish: Wish) {
    const { policies, networks } = this.wishes(wish);
    const said = [...this.policies.list(), ...this.networks.list()].filter((object) => this.isOurs(object));
    const reasons = said
      .map(({ metadata: { name, generation }, status }) =>
        status?.observedGeneration === generation ? `${name}: ${readyReason(status?.conditions)}` : name,
      )
      .sort();
    const good = [
      ...policies.map(({ metadata: { name } }) => `${name}: ${this.fulfilled(name, wish)}`),
      ...networks.map(({ metadata: { name } }) => `${name}: Attached`),
    ].sort();
    const places = networks.map(
      ({ metadata, spec }) => `${spec.networkNamespace ?? metadata.namespace}/${metadata.name}`,
    );
    const there = this.attachments.list().filter((object) => this.isOurs(object));
    const attached = there.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
    const isSame = [...reasons, ...attached.sort()].join() === [...good, ...places.sort()].join();
    return isSame ? SATISFIED : ({ state: "pending", what: [...reasons, ...attached].join("\n") } as const);
  }

  /** As long as a person has one of its NICs, a policy is not all that it could be. */
  private fulfilled(policy: string, wish: Wish): PolicyReason {
    return policy.endsWith("limited") && wish !== "second" ? PolicyReason.Incomplete : PolicyReason.Configured;
  }

  private isOurs({ metadata: { name } }: KubeObject): boolean {
    return name.startsWith(`${this.prefix}-`);
  }

  private informers() {
    return [this.devices, this.policies, this.networks, this.attachments];
  }
}

const DRIVERS: readonly [DeviceType, DeviceType] = ["netdevice", "vfio-pci"];
const SWAPPED: readonly [DeviceType, DeviceType] = ["vfio-pci", "netdevice"];
const SATISFIED = { state: "satisfied", result: undefined } as const;

type PolicyInput = Pick<SriovNetworkNodePolicySpec, "nicSelector" | "numVfs"> & Partial<SriovNetworkNodePolicySpec>;

interface Wishes {
  readonly claim: Pick<SriovNetworkDevice["spec"], "numVFS" | "mtu"> | undefined;
  readonly policies: readonly SriovNetworkNodePolicy[];
  readonly networks: readonly SriovNetwork[];
}

function onNic(pfName: string): Pick<PolicyInput, "nicSelector"> {
  return { nicSelector: { pfNames: [pfName] } };
}

function readyReason(conditions: readonly Condition[] = []): string | undefined {
  return conditions.find(({ type }) => type === "Ready")?.reason;
}

function ignoreNotFound(error: unknown): void {
  if (!isNotFound(error)) throw error;
}
