import {
  Client,
  type ClientReadableStream,
  credentials,
  Server,
  ServerCredentials,
  type sendUnaryData,
  type ServerUnaryCall,
  type ServiceError,
  status,
} from "@grpc/grpc-js";
import { lstatSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { devicePlugin, podResourcesLister, registration } from "./contract.js";

/** A device as its plugin advertises it. */
export interface AdvertisedDevice {
  readonly id: string;
  readonly health: string;
  /** NUMA nodes; none where the plugin tells none. */
  readonly numaNodes: readonly number[];
}

/** What one container is given of one resource. */
export interface ContainerAllocation {
  readonly envs: Readonly<Record<string, string>>;
  readonly mounts: readonly { containerPath: string; hostPath: string; readOnly: boolean }[];
  readonly devices: readonly { containerPath: string; hostPath: string; permissions: string }[];
  readonly annotations: Readonly<Record<string, string>>;
}

export interface Registered {
  readonly version: string;
  readonly endpoint: string;
  readonly resourceName: string;
  readonly options: { readonly preStartRequired: boolean; readonly getPreferredAllocationAvailable: boolean } | null;
}

const DEADLINE_MS = 10_000;

/**
 * Plays a kubelet's device manager on a machine that has none: plugins register with it in `<directory>/device-plugins`, it
 * holds their lists, gives devices to pods, and tells of these on `<directory>/pod-resources/kubelet.sock`. It does what the real one
 * does where a plugin could notice: at each start all sockets of the folder are gone, a plugin is asked for its options
 * when it registers, and one whose list ends has no healthy devices any more, even if it has registered again meanwhile.
 */
export class KubeletStandIn {
  readonly devicePlugins: string;
  readonly podResources: string;
  /** All registrations that were taken, in order. */
  readonly registered: Registered[] = [];
  /** How many lists each resource has sent, by name. */
  readonly listsOf = new Map<string, number>();
  /** Refuses registrations with these words meanwhile. */
  refusing: string | undefined;
  /** Ends every list at once meanwhile. */
  hangingUp = false;
  private servers: readonly Server[] = [];
  private readonly plugins = new Map<string, Plugin>();
  private readonly pods = new Map<string, Map<string, readonly string[]>>();
  private readonly listeners = new Set<() => void>();

  constructor(readonly directory: string) {
    this.devicePlugins = join(directory, "device-plugins");
    this.podResources = join(directory, "pod-resources", "kubelet.sock");
  }

  async start(): Promise<void> {
    for (const folder of [this.devicePlugins, dirname(this.podResources)]) mkdirSync(folder, { recursive: true });
    for (const name of readdirSync(this.devicePlugins)) {
      const path = join(this.devicePlugins, name);
      if (lstatSync(path).isSocket()) rmSync(path);
    }
    rmSync(this.podResources, { force: true });
    const registry = new Server();
    registry.addService(registration, { Register: unary((request) => this.register(request as Registered)) });
    const lister = new Server();
    lister.addService(podResourcesLister, { List: unary(() => Promise.resolve({ pods: this.podsWithDevices() })) });
    // The folder's socket is the last, as whoever waits for it may ask for all else then.
    await listen(lister, this.podResources);
    await listen(registry, join(this.devicePlugins, "kubelet.sock"));
    this.servers = [registry, lister];
  }

  /** As a kubelet that is killed: whoever is connected is cut off, and its sockets stay where they are. */
  stop(): void {
    for (const server of this.servers) server.forceShutdown();
    const plugins = [...this.plugins.values()];
    this.plugins.clear();
    for (const plugin of plugins) plugin.close();
    this.servers = [];
    this.changed();
  }

  async restart(): Promise<void> {
    this.stop();
    await this.start();
  }

  /** The devices of a resource, healthy or not, by address; undefined where nobody has registered it. */
  devicesOf(resourceName: string): readonly AdvertisedDevice[] | undefined {
    const devices = this.plugins.get(resourceName)?.devices;
    return devices && [...devices].sort((a, b) => a.id.localeCompare(b.id));
  }

  /** What the Node's status would say is allocatable: healthy devices by resource. */
  allocatable(): Readonly<Record<string, number>> {
    const counts = [...this.plugins.values()].map((it) => [it.resourceName, it.healthy().length] as const);
    return Object.fromEntries(counts.sort(([a], [b]) => a.localeCompare(b)));
  }

  /** Resolves when it is so; looked at whenever something registers, ends or sends a list. */
  until(isSo: () => boolean, deadlineMs = 30_000): Promise<void> {
    if (isSo()) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.listeners.delete(look);
        reject(new Error(`the kubelet has ${JSON.stringify(this.allocatable())} after ${deadlineMs / 1_000} s`));
      }, deadlineMs);
      const look = (): void => {
        if (!isSo()) return;
        clearTimeout(timer);
        this.listeners.delete(look);
        resolve();
      };
      this.listeners.add(look);
    });
  }

  /** Calls `listener` whenever something registers, ends or sends a list. */
  onChange(listener: () => void): void {
    this.listeners.add(listener);
  }

  /**
   * Gives a pod, `namespace/name`, devices of a resource, as when a container of it is admitted.
   *
   * @throws {Error} There are not so many healthy ones that are free, or the plugin refuses.
   */
  async allocate(pod: string, resourceName: string, count = 1): Promise<ContainerAllocation> {
    const plugin = this.plugins.get(resourceName);
    if (plugin === undefined) throw new Error(`cannot allocate unregistered device ${resourceName}`);
    const taken = new Set([...this.pods.values()].flatMap((resources) => resources.get(resourceName) ?? []));
    const available = plugin.healthy().filter((id) => !taken.has(id));
    if (available.length < count) {
      throw new Error(`${available.length} of ${resourceName} are free, ${count} were asked for`);
    }
    const preferred = available.length > count ? await plugin.preferred(available, count) : [];
    const ids = [...new Set([...preferred, ...available])].slice(0, count);
    const allocation = await plugin.allocate(ids);
    const devices = this.pods.get(pod) ?? new Map<string, readonly string[]>();
    this.pods.set(pod, devices.set(resourceName, ids));
    return allocation;
  }

  /** The devices of a pod of one resource. */
  devicesOfPod(pod: string, resourceName: string): readonly string[] {
    return this.pods.get(pod)?.get(resourceName) ?? [];
  }

  /** The pod has ended: its devices are free. */
  free(pod: string): void {
    this.pods.delete(pod);
  }

  /** Which of these the plugin would give, had the pod to get `size` of them. */
  async preferred(
    resourceName: string,
    available: readonly string[],
    size: number,
    mustInclude: readonly string[] = [],
  ): Promise<readonly string[]> {
    return (await this.plugins.get(resourceName)?.preferred(available, size, mustInclude)) ?? [];
  }

  /** Asks the plugin for these, whatever the kubelet knows of them. */
  async allocateThese(resourceName: string, ids: readonly string[]): Promise<ContainerAllocation> {
    const plugin = this.plugins.get(resourceName);
    if (plugin === undefined) throw new Error(`cannot allocate unregistered device ${resourceName}`);
    return plugin.allocate(ids);
  }

  private async register(request: Registered): Promise<object> {
    if (this.refusing !== undefined) throw new Error(this.refusing);
    if (request.version !== "v1beta1") throw new Error(`unsupported version ${request.version}`);
    const { resourceName, endpoint } = request;
    const plugin = new Plugin(resourceName, join(this.devicePlugins, endpoint), {
      listed: () => {
        this.listsOf.set(resourceName, (this.listsOf.get(resourceName) ?? 0) + 1);
        if (this.hangingUp) plugin.close();
        this.changed();
      },
      ended: () => {
        // The real one does so too, where an older list of a plugin ends after it has registered again.
        this.plugins.get(resourceName)?.close();
        this.changed();
      },
    });
    // Asked before it counts as registered, as the real one does.
    await plugin.options();
    this.registered.push(request);
    this.plugins.set(resourceName, plugin);
    plugin.listAndWatch();
    this.changed();
    return {};
  }

  private podsWithDevices(): object[] {
    return [...this.pods].map(([pod, resources]) => {
      const [namespace = "", name = ""] = pod.split("/");
      const devices = [...resources].map(([resource, ids]) => ({ resource, ids }));
      return { name, namespace, containers: [{ name: "main", devices }] };
    });
  }

  private changed(): void {
    for (const listener of [...this.listeners]) listener();
  }
}

/** One plugin that has registered. */
class Plugin {
  devices: readonly AdvertisedDevice[] = [];
  private readonly client: Client;
  private stream: ClientReadableStream<unknown> | undefined;

  constructor(
    readonly resourceName: string,
    socket: string,
    private readonly heard: { listed(): void; ended(): void },
  ) {
    // Not shared with a connection of before, which may be waiting before it tries again.
    this.client = new Client(`unix:${socket}`, credentials.createInsecure(), { "grpc.use_local_subchannel_pool": 1 });
  }

  options(): Promise<unknown> {
    return this.call("GetDevicePluginOptions", {});
  }

  listAndWatch(): void {
    const method = methodOf("ListAndWatch");
    const stream = this.client.makeServerStreamRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      {},
    );
    this.stream = stream;
    stream.on("data", (list: ListAndWatchResponse) => {
      this.devices = list.devices.map(({ id, health, topology }) => ({
        id,
        health,
        numaNodes: (topology?.nodes ?? []).map((node) => node.id),
      }));
      this.heard.listed();
    });
    stream.on("error", () => undefined);
    stream.on("close", () => {
      this.close();
      this.heard.ended();
    });
  }

  healthy(): string[] {
    return this.devices.filter(({ health }) => health === "Healthy").map(({ id }) => id);
  }

  async preferred(
    available: readonly string[],
    size: number,
    mustInclude: readonly string[] = [],
  ): Promise<readonly string[]> {
    const request = { containers: [{ available, mustInclude, size }] };
    const { containers } = (await this.call("GetPreferredAllocation", request)) as { containers: { ids: string[] }[] };
    return containers[0]?.ids ?? [];
  }

  async allocate(ids: readonly string[]): Promise<ContainerAllocation> {
    const answer = await this.call("Allocate", { containers: [{ ids }] });
    const [allocation] = (answer as { containers: ContainerAllocation[] }).containers;
    if (allocation === undefined) throw new Error("no containers return in allocation response");
    return allocation;
  }

  close(): void {
    this.devices = this.devices.map((device) => ({ ...device, health: "Unhealthy" }));
    this.stream?.cancel();
    this.client.close();
  }

  private call(name: string, request: object): Promise<unknown> {
    const { path, requestSerialize, responseDeserialize } = methodOf(name);
    const deadline = Date.now() + DEADLINE_MS;
    return new Promise((resolve, reject) => {
      const done = (error: ServiceError | null, answer?: unknown): void => (error ? reject(error) : resolve(answer));
      this.client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, { deadline }, done);
    });
  }
}

interface ListAndWatchResponse {
  readonly devices: readonly {
    readonly id: string;
    readonly health: string;
    readonly topology?: { readonly nodes: readonly { readonly id: number }[] } | null;
  }[];
}

function methodOf(name: string) {
  const method = devicePlugin[name];
  if (method === undefined) throw new Error(`the device plugin API has no ${name}`);
  return method;
}

function unary(work: (request: unknown) => Promise<object>) {
  return ({ request }: ServerUnaryCall<unknown, unknown>, done: sendUnaryData<unknown>): void => {
    work(request).then(
      (answer) => done(null, answer),
      (error: unknown) => done({ code: status.UNKNOWN, details: error instanceof Error ? error.message : "" }),
    );
  };
}

function listen(server: Server, socket: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.bindAsync(`unix:${socket}`, ServerCredentials.createInsecure(), (error) =>
      error ? reject(error) : resolve(),
    );
  });
}
