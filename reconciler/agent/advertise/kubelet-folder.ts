import { type FSWatcher, statSync, watch } from "node:fs";
import { join } from "node:path";

/** How often the folder is looked at unasked: it may come late, and not every file system tells of changes. */
const LOOK_MS = 10_000;

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
    this.timer = setInterval(() => this.look(), LOOK_MS);
    // Whoever runs the agent decides when it ends.
    this.timer.unref();
    this.look();
  }

  stop(): void {
    clearInterval(this.timer);
    this.watcher?.close();
    this.listeners.clear();
  }

  /** Calls `listener` when sockets may have come or gone. */
  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  get isThere(): boolean {
    return identityOf(this.directory) !== undefined;
  }

  /** Which kubelet's socket is there: another one after each start of it; undefined where none is. */
  get kubelet(): string | undefined {
    return identityOf(this.kubeletSocket);
  }

  private look(): void {
    const identity = identityOf(this.directory);
    if (identity !== this.watched || this.watcher === undefined) this.watch(identity);
    for (const listener of [...this.listeners]) listener();
  }

  private watch(identity: string | undefined): void {
    this.watcher?.close();
    this.watcher = undefined;
    this.watched = identity;
    if (identity === undefined) return;
    try {
      const watcher = watch(this.directory, { persistent: false }, () => this.look());
      // It is looked at from time to time all the same, and watched again then.
      watcher.on("error", () => {
        watcher.close();
        this.watched = undefined;
      });
      this.watcher = watcher;
    } catch {
      this.watched = undefined;
    }
  }
}

function identityOf(path: string): string | undefined {
  const found = statSync(path, { throwIfNoEntry: false, bigint: true });
  return found && `${found.dev}:${found.ino}:${found.birthtimeNs}`;
}
