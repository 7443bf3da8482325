import { NODE } from "../../../api/core.js";
import { CONTROLLER_FIELD_MANAGER, RECONCILER_NAMESPACE } from "../../../api/names.js";
import type { KubeObject } from "../../../api/object.js";
import type { SriovNetworkDevice } from "../../../api/sriov-network-device.js";
import {
  type MatchedDevice,
  SRIOV_NETWORK_NODE_POLICY,
  type SriovNetworkNodePolicy,
  type SriovNetworkNodePolicySpec,
} from "../../../api/sriov-network-node-policy.js";
import type { KubeClient } from "../../../kube/client.js";
import { Informer } from "../../../kube/informer.js";
import type { LabController } from "../../../lab/controller.js";
import type { Lab } from "../../../lab/lab.js";
import { sharedLab } from "../../shared-lab.js";
import { Observer, until } from "../agent/observer.js";

/**
 * Deletes all policies. Those that tests of the kind alone have left select any NIC, and the first controller would heed
 * them: to be called before one is started.
 */
export async function removePolicies(client: KubeClient): Promise<void> {
  const { items } = await client.list(SRIOV_NETWORK_NODE_POLICY);
  for (const { metadata } of items) {
    const { name, namespace = "" } = metadata;
    await client.delete(SRIOV_NETWORK_NODE_POLICY, name, { namespace });
  }
}

/** What a person does with policies and `kubectl`, and sees of them, in a cluster with a controller. */
export class PolicyCluster {
  private constructor(
    readonly lab: Lab,
    readonly observer: Observer,
    readonly policies: Informer<SriovNetworkNodePolicy>,
  ) {}

  static async start(): Promise<PolicyCluster> {
    const lab = await sharedLab();
    await removePolicies(lab.client);
    const policies = new Informer(lab.client, SRIOV_NETWORK_NODE_POLICY).start();
    await policies.synced;
    return new PolicyCluster(lab, await Observer.start(lab.client), policies);
  }

  /** Deletes every policy, and waits until the controller has let go of every NIC, so that the next test file finds none. */
  async stop(...controllers: readonly LabController[]): Promise<void> {
    try {
      for (const { metadata } of this.policies.list()) await this.delete(metadata.name, metadata.namespace);
      for (const { metadata } of this.observer.devices.list()) await this.released(metadata.name);
    } finally {
      await Promise.all(controllers.map((controller) => controller.stop()));
      await Promise.all([this.observer.stop(), this.policies.stop()]);
    }
  }

  /** As by `kubectl apply`: sets the whole spec. */
  async apply(
    name: string,
    spec: PolicyInput,
    { annotations = {}, namespace = RECONCILER_NAMESPACE }: ApplyOptions = {},
  ): Promise<SriovNetworkNodePolicy> {
    const whole = { resourceName: name.replaceAll("-", "_"), nodeSelector: {}, ...spec };
    const object = { metadata: { name, namespace, annotations }, spec: whole };
    const applied = await this.lab.client.apply(SRIOV_NETWORK_NODE_POLICY, object, { fieldManager: "person" });
    this.policies.observe(applied);
    return applied;
  }

  async delete(name: string, namespace = RECONCILER_NAMESPACE): Promise<void> {
    await this.lab.client.delete(SRIOV_NETWORK_NODE_POLICY, name, { namespace });
  }

  async label(node: string, labels: Readonly<Record<string, string | null>>): Promise<void> {
    await this.lab.client.merge(NODE, node, { metadata: { labels } }, { fieldManager: "person" });
  }

  /** Resolves when the policy is as wanted, which its latest generation must be spoken of for. */
  policy(
    name: string,
    wanted: (policy: SriovNetworkNodePolicy) => boolean,
    namespace = RECONCILER_NAMESPACE,
  ): Promise<SriovNetworkNodePolicy> {
    const isCurrent = ({ metadata, status }: SriovNetworkNodePolicy): boolean =>
      status?.observedGeneration === metadata.generation;
    const find = (): SriovNetworkNodePolicy | undefined => this.policies.get(name, namespace);
    return until(this.policies, find, (policy) => isCurrent(policy) && wanted(policy), name);
  }

  /** Resolves when the controller says so of the policy's latest generation. */
  ready(name: string, reason: string, namespace = RECONCILER_NAMESPACE): Promise<SriovNetworkNodePolicy> {
    return this.policy(name, (policy) => readyReason(policy) === reason, namespace);
  }

  /** Resolves when what the policy says of this NIC is as wanted. */
  async matched(name: string, device: string, state: string): Promise<MatchedDevice> {
    const of = (policy: SriovNetworkNodePolicy): MatchedDevice | undefined =>
      policy.status?.matchedDevices.find((matched) => matched.name === device);
    const policy = await this.policy(name, (candidate) => of(candidate)?.state === state);
    const found = of(policy);
    if (found === undefined) throw new Error(`${name} does not match ${device}`);
    return found;
  }

  /** Resolves when the controller has declared this count for the NIC, and the agent has made so many VFs. */
  configured(device: string, count: number): Promise<SriovNetworkDevice> {
    return this.observer.device(
      device,
      (object) =>
        object.spec.numVFS === count &&
        owners(object).includes(CONTROLLER_FIELD_MANAGER) &&
        object.status?.observedGeneration === object.metadata.generation &&
        object.status?.vfAddresses?.length === count,
    );
  }

  /** Resolves when the controller owns nothing of the NIC's spec. */
  released(device: string): Promise<SriovNetworkDevice> {
    return this.observer.device(device, (object) => !owners(object).includes(CONTROLLER_FIELD_MANAGER));
  }

  /** What a write would change: resource versions of these NICs and of all policies but `except`. */
  versions(devices: readonly string[], except: readonly string[] = []): Readonly<Record<string, string | undefined>> {
    const policies = this.policies.list().filter(({ metadata }) => !except.includes(metadata.name));
    const version = (object: KubeObject | undefined): string | undefined => object?.metadata.resourceVersion;
    return Object.fromEntries([
      ...devices.map((name) => [name, version(this.observer.devices.get(name))] as const),
      ...policies.map((policy) => [policy.metadata.name, version(policy)] as const),
    ]);
  }
}

export type PolicyInput = Pick<SriovNetworkNodePolicySpec, "nicSelector" | "numVfs"> &
  Partial<SriovNetworkNodePolicySpec>;

interface ApplyOptions {
  readonly annotations?: Readonly<Record<string, string>>;
  readonly namespace?: string;
}

export function readyReason(policy: SriovNetworkNodePolicy): string | undefined {
  return policy.status?.conditions.find(({ type }) => type === "Ready")?.reason;
}

export function readyMessage(policy: SriovNetworkNodePolicy): string {
  return policy.status?.conditions.find(({ type }) => type === "Ready")?.message ?? "";
}

/** Managers that own fields of the NIC's spec by apply, the maker of the object not among them. */
export function owners(device: SriovNetworkDevice): string[] {
  return (device.metadata.managedFields ?? [])
    .filter(({ operation, subresource }) => operation === "Apply" && subresource === undefined)
    .filter(({ fieldsV1 }) => {
      const spec = fieldsV1?.["f:spec"] ?? {};
      return ["f:numVFS", "f:mtu", "f:vfGroups"].some((field) => spec[field] !== undefined);
    })
    .map(({ manager = "" }) => manager);
}
