import {
  type sendUnaryData,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServerWritableStream,
  status,
} from "@grpc/grpc-js";
import {
  allocate,
  type AllocateRequest,
  type AllocateResponse,
  type DeviceList,
  getDevicePluginOptions,
  getPreferredAllocation,
  listAndWatch,
  type ListedDevice,
  type PreferredRequest,
  type PreferredResponse,
  preStartContainer,
} from "../kubelet/device-plugin-api.js";
import { PLUGIN_OPTIONS } from "../kubelet/registration.js";

/** What one resource's server is asked. */
export interface ResourceAnswers {
  /** Rejects with an error in words where they cannot be given. */
  allocate(request: AllocateRequest): Promise<AllocateResponse>;
  preferred(request: PreferredRequest): PreferredResponse;
  /** The kubelet has begun, or ended, to follow the list. */
  watchChanged(): void;
}

/** How long the end waits until the kubelet has read the last list. */
const LAST_LIST_MS = 1_000;

type ListStream = ServerWritableStream<unknown, DeviceList>;

/** Serves one resource to the kubelet on a socket of its own. */
export class ResourceServer {
  private readonly server = new Server();
  private readonly streams = new Set<ListStream>();
  private listed: readonly ListedDevice[] = [];
  private ended = false;
  private left = 0;

  private constructor(private readonly answers: ResourceAnswers) {
    const service = { listAndWatch, getDevicePluginOptions, getPreferredAllocation, allocate, preStartContainer };
    this.server.addService(service, {
      listAndWatch: (stream: ListStream) => this.follow(stream),
      getDevicePluginOptions: answering(() => Promise.resolve(PLUGIN_OPTIONS)),
      getPreferredAllocation: answering((request: PreferredRequest) => Promise.resolve(answers.preferred(request))),
      allocate: answering((request: AllocateRequest) => answers.allocate(request)),
      preStartContainer: answering(() => Promise.resolve({})),
    });
  }

  /** @throws {Error} Nothing can listen at this path. */
  static async listen(
    socket: string,
    listed: readonly ListedDevice[],
    answers: ResourceAnswers,
  ): Promise<ResourceServer> {
    const server = new ResourceServer(answers);
    server.listed = listed;
    await new Promise<void>((resolve, reject) => {
      const credentials = ServerCredentials.createInsecure();
      server.server.bindAsync(`unix:${socket}`, credentials, (error) => (error ? reject(error) : resolve()));
    });
    return server;
  }

  /** Does the kubelet follow the list? */
  get isWatched(): boolean {
    return this.streams.size > 0;
  }

  /** How often the kubelet has ceased to follow the list. */
  get timesLeft(): number {
    return this.left;
  }

  /** Tells the kubelet where it differs from what it was told. */
  list(devices: readonly ListedDevice[]): void {
    if (JSON.stringify(devices) === JSON.stringify(this.listed)) return;
    this.listed = devices;
    for (const stream of this.streams) stream.write({ devices });
  }

  /** Cuts the kubelet off, which takes the devices for ill until somebody registers them again. */
  close(): void {
    this.ended = true;
    this.server.forceShutdown();
  }

  /** Tells the kubelet first that there is nothing any more. */
  async withdraw(): Promise<void> {
    this.ended = true;
    this.list([]);
    for (const stream of this.streams) stream.end();
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, LAST_LIST_MS);
      this.server.tryShutdown(() => {
        clearTimeout(timer);
        resolve();
      });
    });
    this.server.forceShutdown();
  }

  private follow(stream: ListStream): void {
    const ended = (): void => {
      if (!this.streams.delete(stream)) return;
      this.left++;
      if (!this.ended) this.answers.watchChanged();
    };
    for (const event of ["cancelled", "close", "error"]) stream.on(event, ended);
    this.streams.add(stream);
    stream.write({ devices: this.listed });
    this.answers.watchChanged();
  }
}

function answering<Request, Answer>(answer: (request: Request) => Promise<Answer>) {
  return ({ request }: ServerUnaryCall<Request, Answer>, done: sendUnaryData<Answer>): void => {
    answer(request).then(
      (value) => done(null, value),
      (error: unknown) => {
        const details = error instanceof Error ? error.message : String(error);
        done({ code: status.FAILED_PRECONDITION, details });
      },
    );
  };
}
