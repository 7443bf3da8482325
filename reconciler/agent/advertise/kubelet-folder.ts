import { type FSWatcher, statSync, watch } from "node:fs";
import { join } from "node:path";

/** How often the folder is looked at unasked, since not every file system tells of changes; and while there is none. */
const LOOK_MS = 10_000;
const LOOK_FOR_MS = 1_000;

/** The folder in which the kubelet and device plugins have their sockets; there need be none. */
export class KubeletFolder {
  readonly kubeletSocket: string;
  private readonly listeners = new Set<() => void>();
  private watcher: FSWatcher | undefined;
  /** Which folder is watched: one that was deleted and made anew is another. */
  private watched: string | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(readonly directory: string) {
    this.kubeletSocket = join(directory, "kubelet.sock");
  }

  start(): void {
    const lookOnAndOn = (): void => {
      this.look();
      // Whoever runs the agent decides when it ends.
      this.timer = setTimeout(lookOnAndOn, this.watched === undefined ? LOOK_FOR_MS : LOOK_MS).unref();
    };
    lookOnAndOn();
  }

  stop(): void {
    clearTimeout(this.timer);
    this.watcher?.close();
    this.listeners.clear();
  }

  /** Calls `listener` when sockets may have come or gone. */
  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Is it there? From when somebody finds it so, changes in it are told at once. */
  get isThere(): boolean {
    return this.follow() !== undefined;
  }

  /** Which kubelet's socket is there: another one after each start of it; undefined where none is. */
  get kubelet(): string | undefined {
    return identityOf(this.kubeletSocket);
  }

  private look(): void {
    this.follow();
    for (const listener of [...this.listeners]) listener();
  }

  /** Watches the folder that is there now, and tells which one that is. */
  private follow(): string | undefined {
    const identity = identityOf(this.directory);
    if (identity === this.watched) return identity;
    this.watcher?.close();
    this.watcher = undefined;
    this.watched = identity;
    if (identity === undefined) return identity;
    try {
      this.watcher = watch(this.directory, { persistent: false }, () => this.look());
      // It is looked at from time to time all the same, and watched again then.
      this.watcher.on("error", () => (this.watched = undefined));
    } catch {
      this.watched = undefined;
    }
    return identity;
  }
}

function identityOf(path: string): string | undefined {
  const found = statSync(path, { throwIfNoEntry: false, bigint: true });
  return found && `${found.dev}:${found.ino}:${found.birthtimeNs}`;
}
