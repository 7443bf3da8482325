import { randomUUID } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { homedir, hostname, userInfo } from "node:os";
import { dirname, join, resolve } from "node:path";
import { EngineError } from "./engine-error.js";
import { newDeployment, type Deployment } from "./state.js";

export interface UpdateInfo {
  kind: "update" | "preview" | "refresh" | "destroy" | "resource-import";
  /** Seconds since the epoch, as endTime. */
  startTime: number;
  message: string;
  environment: Record<string, string>;
  config: Record<string, unknown>;
  version: number;
  result: "in-progress" | "succeeded" | "failed";
  endTime: number;
  resourceChanges: Record<string, number>;
}

/** Stacks in a folder, laid out as Pulumi's file backend does it: `.pulumi/stacks/<project>/<stack>.json`. */
export class Backend {
  private readonly lockId = randomUUID();

  constructor(readonly root: string) {}

  /** From PULUMI_BACKEND_URL, then from the project, then from the last `login`. */
  static open(projectUrl: string | undefined): Backend {
    const url = process.env["PULUMI_BACKEND_URL"] ?? projectUrl ?? readLogin();
    if (url === undefined) {
      throw new EngineError(
        "no backend: set PULUMI_BACKEND_URL=file://<folder>, or run `pulumi login file://<folder>`",
      );
    }
    return new Backend(folderOf(url));
  }

  exists(project: string, stack: string): boolean {
    return existsSync(this.file(project, stack));
  }

  list(project: string | undefined): { project: string; stack: string }[] {
    const projects = project === undefined ? names(this.path("stacks")) : [project];
    return projects.flatMap((name) =>
      names(this.path("stacks", name))
        .filter((file) => file.endsWith(".json"))
        .map((file) => ({ project: name, stack: file.slice(0, -".json".length) })),
    );
  }

  load(project: string, stack: string): Deployment {
    const checkpoint = JSON.parse(readFileSync(this.file(project, stack), "utf8")) as {
      checkpoint?: { latest?: Deployment };
    };
    return checkpoint.checkpoint?.latest ?? newDeployment([], [], undefined);
  }

  /** Written beside and renamed, so that a reader, or a crash, never finds half a state. */
  save(project: string, stack: string, deployment: Deployment): void {
    const file = this.file(project, stack);
    if (existsSync(file)) copyFileSync(file, `${file}.bak`);
    const checkpoint = { stack: `organization/${project}/${stack}`, latest: deployment };
    writeAtomically(file, JSON.stringify({ version: 3, checkpoint }));
  }

  remove(project: string, stack: string): void {
    const file = this.file(project, stack);
    rmSync(file, { force: true });
    rmSync(`${file}.bak`, { force: true });
    rmSync(this.path("history", project, stack), { recursive: true, force: true });
    rmSync(this.path("backups", project, stack), { recursive: true, force: true });
  }

  /** @throws EngineError naming who holds the lock */
  lock(project: string, stack: string): () => void {
    this.refuseIfLocked(project, stack);
    const file = join(this.lockFolder(project, stack), `${this.lockId}.json`);
    const holder = { pid: process.pid, username: userInfo().username, hostname: hostname(), timestamp: new Date() };
    writeAtomically(file, JSON.stringify(holder));
    const unlock = () => rmSync(file, { force: true });
    try {
      // Two that started at once both see each other here, and both give up.
      this.refuseIfLocked(project, stack);
    } catch (error) {
      unlock();
      throw error;
    }
    return unlock;
  }

  unlockAll(project: string, stack: string): void {
    rmSync(this.lockFolder(project, stack), { recursive: true, force: true });
  }

  history(project: string, stack: string): UpdateInfo[] {
    const folder = this.path("history", project, stack);
    return names(folder)
      .filter((file) => file.endsWith(".history.json"))
      .sort()
      .reverse()
      .map((file) => JSON.parse(readFileSync(join(folder, file), "utf8")) as UpdateInfo)
      .map((update, i, all) => ({ ...update, version: all.length - i }));
  }

  addHistory(project: string, stack: string, update: UpdateInfo): void {
    const name = `${stack}-${Date.now()}${process.hrtime.bigint().toString().slice(-6)}`;
    const folder = this.path("history", project, stack);
    writeAtomically(join(folder, `${name}.history.json`), JSON.stringify(update, null, 4));
    copyFileSync(this.file(project, stack), join(folder, `${name}.checkpoint.json`));
  }

  private refuseIfLocked(project: string, stack: string): void {
    const folder = this.lockFolder(project, stack);
    const others = names(folder).filter((file) => file.endsWith(".json") && file !== `${this.lockId}.json`);
    if (others.length === 0) return;
    const lines = others.map((file) => {
      const { username, hostname, pid, timestamp } = JSON.parse(readFileSync(join(folder, file), "utf8")) as Record<
        string,
        unknown
      >;
      return `\n  file://${join(folder, file)}: created by ${String(username)}@${String(hostname)} (pid ${String(pid)}) at ${String(timestamp)}`;
    });
    throw new EngineError(
      `the stack is currently locked by ${others.length} lock(s). Either wait for the other process(es) to end or ` +
        `delete the lock file with \`pulumi cancel\`.${lines.join("")}`,
    );
  }

  private lockFolder(project: string, stack: string): string {
    return this.path("locks", "organization", project, stack);
  }

  private file(project: string, stack: string): string {
    return this.path("stacks", project, `${stack}.json`);
  }

  private path(...parts: string[]): string {
    return join(this.root, ".pulumi", ...parts);
  }
}

/** The folder of a `file://` address; `~` is the home folder. */
export function folderOf(url: string): string {
  if (!url.startsWith("file://")) {
    throw new EngineError(`backend ${url} is not a file:// address; this stand-in keeps state in files only`);
  }
  return resolve(url.slice("file://".length).replace(/^~(?=\/|$)/, homedir()));
}

const loginFile = () => join(process.env["PULUMI_HOME"] ?? join(homedir(), ".pulumi"), "credentials.json");

export function saveLogin(url: string): void {
  writeAtomically(loginFile(), JSON.stringify({ current: url, accounts: { [url]: {} } }, null, 4));
}

function readLogin(): string | undefined {
  if (!existsSync(loginFile())) return undefined;
  return (JSON.parse(readFileSync(loginFile(), "utf8")) as { current?: string }).current;
}

function names(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}

export function writeAtomically(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}.tmp`;
  writeFileSync(temporary, text, { mode: 0o600 });
  renameSync(temporary, file);
}
