import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Logger } from "pino";
import { messageOf } from "../../../kube/errors.js";
import type { ListedDevice } from "../kubelet/device-plugin-api.js";
import type { KubeletFolder } from "./kubelet-folder.js";
import type { ResourceAnswers, ResourceServer } from "./resource-server.js";
import { othersWith, socketName } from "./sockets.js";
import { Wake } from "./wake.js";

export interface AdvertisedResourceParts {
  readonly folder: KubeletFolder;
  readonly log: Logger;
  readonly answers: Pick<ResourceAnswers, "allocate" | "preferred">;
  /** Sockets of another agent that serves at the same time. */
  readonly othersAlive: readonly string[];
}

/** How long a kubelet that has taken a registration may take to ask for the list. */
const LIST_MS = 5_000;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 30_000;
/** What the kernel takes for a socket. */
const LONGEST_PATH_BYTES = 107;

/**
 * One resource that is offered to the kubelet. What counts is that the kubelet follows its list: whenever it does not, because
 * it was restarted, refused, or cut the connection, the resource is registered again.
 */
export class AdvertisedResource {
  private server: ResourceServer | undefined;
  private socket = "";
  private readonly wake = new Wake();
  private readonly forgetFolder: () => void;
  private readonly running: Promise<void>;
  private stopped = false;
  private failures = 0;
  /** What was told last of what goes wrong. */
  private told = "";

  constructor(
    readonly name: string,
    private listed: readonly ListedDevice[],
    private readonly parts: AdvertisedResourceParts,
  ) {
    this.forgetFolder = parts.folder.onChange(() => this.wake.call());
    this.running = this.run();
  }

  list(devices: readonly ListedDevice[]): void {
    this.listed = devices;
    this.server?.list(devices);
  }

  /** The agent ends: the kubelet keeps the devices, and takes them for ill until an agent is back. */
  async stop(): Promise<void> {
    await this.end();
    this.server?.close();
  }

  /** There is nothing to offer any more under this name. */
  async withdraw(): Promise<void> {
    await this.end();
    await this.server?.withdraw();
    this.parts.log.info({ resource: this.name }, `${this.name} is offered no more`);
  }

  private async end(): Promise<void> {
    this.stopped = true;
    this.forgetFolder();
    this.wake.call();
    await this.running;
  }

  private async run(): Promise<void> {
    while (!this.stopped) {
      const failed = await this.attempt();
      if (failed) await this.pause();
      else await this.wake.wait();
    }
  }

  /** Does what there is to do now. Whether that failed. */
  private async attempt(): Promise<boolean> {
    const { folder } = this.parts;
    if (!folder.isThere) return false;
    try {
      if (this.server === undefined || !existsSync(this.socket)) {
        await inWords(`nothing can listen in ${folder.directory}`, this.listen());
      }
      if (this.server?.isWatched || folder.kubelet === undefined) return false;
      await inWords(`the kubelet at ${folder.kubeletSocket} did not take it`, this.register());
      this.failures = 0;
      this.told = "";
      return false;
    } catch (error) {
      this.failures++;
      // A socket is there a moment before anybody listens, as whenever a kubelet starts.
      if (this.failures > 1) this.tell(error);
      return true;
    }
  }

  private async listen(): Promise<void> {
    this.server?.close();
    const { folder, answers } = this.parts;
    this.socket = join(folder.directory, socketName(this.name));
    refuseLongPath(this.socket);
    // Loaded at first use: a machine without a kubelet needs none of it.
    const { ResourceServer } = await import("./resource-server.js");
    const watchChanged = (): void => this.wake.call();
    this.server = undefined;
    this.server = await ResourceServer.listen(this.socket, this.listed, { ...answers, watchChanged });
    // What was offered meanwhile.
    this.server.list(this.listed);
  }

  private async register(): Promise<void> {
    const { folder, log, othersAlive } = this.parts;
    const others = othersWith(this.name, folder.directory, othersAlive);
    if (others.length > 0) {
      this.warn(
        `somebody else offers ${this.name} on this node too, at ${others.join(", ")} in ${folder.directory}: ` +
          `the kubelet takes the one that told it last. Stop the other, or give the resource another name.`,
      );
    }
    const { registerPlugin } = await import("../kubelet/registration.js");
    const leftBefore = this.server?.timesLeft;
    await registerPlugin(folder.kubeletSocket, this.name, this.socket.slice(folder.directory.length + 1));
    await this.untilWatched(leftBefore);
    const healthy = this.listed.filter(({ health }) => health === "Healthy").length;
    log.info({ resource: this.name, healthy }, `the kubelet offers ${this.name}`);
  }

  /** @param leftBefore how often the kubelet had ceased to follow the list before it took the registration. */
  private async untilWatched(leftBefore: number | undefined): Promise<void> {
    const end = Date.now() + LIST_MS;
    while (!this.stopped && !this.server?.isWatched) {
      if (this.server?.timesLeft !== leftBefore)
        throw new Error("it has taken the registration, asked for the devices, and hung up");
      const left = end - Date.now();
      if (left <= 0)
        throw new Error(`it has taken the registration and not asked for the devices in ${LIST_MS / 1_000} s`);
      await this.wake.wait(left);
    }
  }

  /** Longer each time, but no longer than until another kubelet is there. */
  private async pause(): Promise<void> {
    const { folder } = this.parts;
    const kubelet = folder.kubelet;
    const end = Date.now() + Math.min(FIRST_PAUSE_MS * 2 ** (this.failures - 1), LONGEST_PAUSE_MS);
    while (!this.stopped && folder.kubelet === kubelet && Date.now() < end) await this.wake.wait(end - Date.now());
  }

  private tell(error: unknown): void {
    const message = `${this.name} is not offered to pods: ${messageOf(error)}. It is tried again with growing pauses.`;
    this.warn(message, error);
  }

  /** Once for each run of the same. */
  private warn(message: string, error?: unknown): void {
    // A socket has another name at each attempt.
    const same = message.replaceAll(this.socket, "");
    if (same === this.told) return;
    this.told = same;
    this.parts.log.warn({ ...(error !== undefined && { err: error }), resource: this.name }, message);
  }
}

function refuseLongPath(socket: string): void {
  const bytes = Buffer.byteLength(socket);
  if (bytes <= LONGEST_PATH_BYTES) return;
  throw new Error(
    `the path of a socket there would have ${bytes} characters, and the kernel takes ${LONGEST_PATH_BYTES}. ` +
      `Give --device-plugins a shorter path to the same folder, such as a symbolic link`,
  );
}

async function inWords(what: string, work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    throw new Error(`${what}: ${messageOf(error)}`, { cause: error });
  }
}
