import { NAMESPACE } from "../../api/core.js";
import { DEVICES_API_VERSION, SRIOV_NETWORK_API_VERSION } from "../../api/names.js";
import type { KubeObject, ResourceType } from "../../api/object.js";
import { SRIOV_NETWORK_DEVICE, type SriovNetworkDevice } from "../../api/sriov-network-device.js";
import { SRIOV_NETWORK_NODE_STATE } from "../../api/sriov-network-node-state.js";
import { KubeClient } from "../../kube/client.js";
import type { ClusterAccess } from "../../kube/config.js";
import { DeadlineExceeded, untilAborted } from "../../kube/deadline.js";
import { isForbidden, isNotFound } from "../../kube/errors.js";
import { Informer } from "../../kube/informer.js";
import { deviceDialectOf } from "./device/dialect-of.js";

export type { ClusterAccess };

/** Whose kinds of the sriovnetwork.openshift.io group these are: the sriov-network-operator's at work, or this project's alone. */
export type Dialect = "operator" | "own";

/** Who looks after NICs: Harvester's controller, the sriov-network-operator alone, or this project's agents. */
export type DeviceDialectName = "harvester" | "operator" | "own";

/** NICs as this project's own objects would tell of them, whoever looks after them. */
export type DeviceView = Pick<Informer<SriovNetworkDevice>, "get" | "list" | "onChange" | "observe">;

/**
 * One cluster as all resources of a run share it: one connection pool, and one list and one watch of each kind that
 * any of them asks for, however many ask.
 */
export class Cluster {
  private readonly shared = new Map<string, Promise<unknown>>();
  private readonly reserved = new Map<string, string>();
  private readonly informers = new Set<Informer<KubeObject>>();

  constructor(
    readonly client: KubeClient,
    /** What this one is a view of, and when that ends. */
    private readonly view?: { readonly of: Cluster; readonly signal: AbortSignal },
    /** Ends what is asked on behalf of all. */
    private readonly closing?: AbortController,
  ) {}

  /** @throws {ConfigError} */
  static open(access: ClusterAccess): Cluster {
    const closing = new AbortController();
    // Asked as patiently as for one operation: any of them may be the one that waits for it.
    const client = KubeClient.open(access, "pulumi-sriov-provider").within(closing.signal);
    return new Cluster(client, undefined, closing);
  }

  /**
   * The same for one operation: its requests, and its waiting for what others have asked for too, end when `signal` aborts.
   * What is shared goes on.
   */
  within(signal: AbortSignal): Cluster {
    return new Cluster(this.client.within(signal), { of: this.whole, signal });
  }

  /** All NICs, kept current, whoever looks after them. */
  async devices(): Promise<DeviceView> {
    const dialect = await deviceDialectOf(this);
    return this.inTime(dialect.devices(this.whole));
  }

  /**
   * All objects of a kind, or those of one namespace, kept current from the first call on. A failure is not remembered: the
   * next call tries again.
   *
   * @param keep what to hold of each object, where memory matters; the same for all who ask for the kind.
   */
  objects<T extends KubeObject>(
    type: ResourceType<T>,
    namespace?: string,
    keep?: (object: T) => T,
  ): Promise<Informer<T>> {
    const key = [type.apiVersion, type.plural, namespace].join("/");
    return this.once(key, async ({ client, informers }) => {
      const informer = new Informer(client, type, { failFast: true, namespace, ...(keep && { keep }) }).start();
      await informer.synced;
      informers.add(informer as unknown as Informer<KubeObject>);
      return informer;
    });
  }

  /** By which objects policies are carried out here. Asked once in a run, or until there are any. */
  async dialect(): Promise<Dialect> {
    return (await this.networkKinds()).has(SRIOV_NETWORK_NODE_STATE.plural) ? "operator" : "own";
  }

  /** Plural names of the kinds that the cluster serves of the group sriovnetwork.openshift.io. */
  async networkKinds(): Promise<ReadonlySet<string>> {
    return new Set((await this.kindsOf(SRIOV_NETWORK_API_VERSION)).keys());
  }

  /** Who looks after devices and claims here. Asked once in a run, or until there are any such kinds. */
  async deviceDialect(): Promise<DeviceDialectName> {
    const kinds = await this.kindsOf(DEVICES_API_VERSION);
    if (kinds.size === 0) return this.dialect();
    // Both have PCIDeviceClaims; Harvester's NICs are of another kind, or in its older releases of none.
    return kinds.get(SRIOV_NETWORK_DEVICE.plural) === SRIOV_NETWORK_DEVICE.kind ? "own" : "harvester";
  }

  /**
   * Plural names and kinds of one API group as the cluster serves them now, none where it has no such group. Nobody else is
   * told the answer, which may be of a cluster whose kinds are being installed.
   */
  async kindsNow(apiVersion: string): Promise<ReadonlyMap<string, string>> {
    try {
      const answer = await this.client.raw({ method: "GET", path: `/apis/${apiVersion}` });
      const { resources } = answer as {
        readonly resources: readonly { readonly name: string; readonly kind: string }[];
      };
      return new Map(resources.map(({ name, kind }) => [name, kind]));
    } catch (error) {
      if (isNotFound(error)) return new Map();
      throw error;
    }
  }

  /** What is to be had once in a run, made for whoever asks first by the cluster that `make` is given. */
  memo<T>(key: string, make: (whole: Cluster) => Promise<T>): Promise<T> {
    return this.once(key, make);
  }

  /**
   * What tells this cluster from any other: the uid of its namespace kube-system. Undefined where the credentials may
   * not read it.
   */
  uid(): Promise<string | undefined> {
    return this.once("uid", (whole) => whole.readUid());
  }

  /** Why a resource that remembers another cluster's uid must not be touched here, or nothing. */
  async strangerProblem(remembered: string | undefined): Promise<string | undefined> {
    const uid = await this.uid();
    if (remembered === undefined || uid === undefined || remembered === uid) return undefined;
    return (
      `this resource belongs to another cluster than ${this.client.config.server}: the uid of the namespace kube-system ` +
      `differs. Point the program at the cluster it was deployed to, or use another stack for this one.`
    );
  }

  /** @throws {Error} with {@link strangerProblem}, if there is one. */
  async refuseStranger(remembered: string | undefined): Promise<void> {
    const problem = await this.strangerProblem(remembered);
    if (problem !== undefined) throw new Error(problem);
  }

  /**
   * Notes what a resource of this run wants that only one can have. Answers which other resource has noted the same before,
   * by its URN.
   */
  reserve(what: string, urn: string): string | undefined {
    const { reserved } = this.whole;
    const first = reserved.get(what) ?? urn;
    reserved.set(what, first);
    return first === urn ? undefined : first;
  }

  /** Ends watches, connections, and whatever is asked still. */
  async close(): Promise<void> {
    this.closing?.abort();
    await Promise.allSettled(this.shared.values());
    await Promise.all([...this.informers].map((informer) => informer.stop()));
    this.client.close();
  }

  /**
   * What `ask` answered to whoever asked first. It asks by the whole cluster that it is given, since an operation that ends
   * must not end what others wait for.
   */
  private once<T>(key: string, ask: (whole: Cluster) => Promise<T>): Promise<T> {
    const { whole } = this;
    const asked = (whole.shared.get(key) as Promise<T> | undefined) ?? whole.remember(key, ask(whole));
    return this.inTime(asked);
  }

  /** What is shared, as long as the operation has time to wait for it. */
  private inTime<T>(shared: Promise<T>): Promise<T> {
    return untilAborted(shared, this.view?.signal).catch((error: unknown) => {
      throw error instanceof DeadlineExceeded ? this.client.overdue(error) : error;
    });
  }

  /** A failure is not remembered. */
  private remember<T>(key: string, answer: Promise<T>): Promise<T> {
    const asked = answer.catch((error: unknown) => {
      this.shared.delete(key);
      throw error;
    });
    this.shared.set(key, asked);
    return asked;
  }

  private get whole(): Cluster {
    return this.view?.of ?? this;
  }

  /** Kinds of one API group by plural name, as the cluster serves them; none where it has no such group. */
  private async kindsOf(apiVersion: string): Promise<ReadonlyMap<string, string>> {
    const key = `kinds of ${apiVersion}`;
    const kinds = await this.once(key, (whole) => whole.kindsNow(apiVersion));
    // What is missing may be what the same program installs.
    if (kinds.size === 0) this.whole.shared.delete(key);
    return kinds;
  }

  private async readUid(): Promise<string | undefined> {
    try {
      return (await this.client.get(NAMESPACE, "kube-system")).metadata.uid;
    } catch (error) {
      if (isForbidden(error) || isNotFound(error)) return undefined;
      throw error;
    }
  }
}
