import { spawn, type ChildProcess } from "node:child_process";
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  watch,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { findEngine } from "../../lab/engine/executable.js";
import type { Deployment, ResourceState } from "../../lab/engine/state.js";

const repository = join(__dirname, "..", "..", "..");

export interface Thing {
  name: string;
  component?: boolean;
  /** Read, don't manage, the object of this id. */
  get?: string | { ref: string };
  args?: Record<string, unknown>;
  opts?: Record<string, unknown>;
  parent?: string;
  dependsOn?: string[];
  deletedWith?: string;
  /** Changes made by a function of the program to it and to what is below it, things only. */
  transform?: { args?: Record<string, unknown>; opts?: Record<string, unknown> };
}

export interface Outcome {
  status: number | null;
  stdout: string;
  stderr: string;
}

export interface Call {
  call: string;
  id?: string;
  name?: string;
  olds?: Record<string, unknown>;
  news?: Record<string, unknown>;
  inputs?: Record<string, unknown>;
  /** Of the provider, for create. */
  pid?: number;
}

/** A program with its own backend and its own cloud, in a folder inside the repository so that node_modules resolves. */
export class Sandbox {
  private readonly env: Record<string, string>;

  private constructor(
    readonly root: string,
    readonly program: string,
    engineFolder: string,
  ) {
    this.env = {
      PATH: `${engineFolder}:${process.env["PATH"] ?? ""}`,
      PULUMI_BACKEND_URL: `file://${root}`,
      PULUMI_HOME: join(root, "home"),
      PULUMI_CONFIG_PASSPHRASE: "correct horse",
      PULUMI_SRIOV_ENGINE: "stand-in",
      THING_CLOUD: join(root, "cloud"),
    };
  }

  /** Copies the program `things` and makes its provider a package of node_modules. */
  static async create(program = "things"): Promise<Sandbox> {
    const parent = join(repository, "dist", "sandboxes");
    mkdirSync(parent, { recursive: true });
    const root = mkdtempSync(join(parent, "engine-"));
    const folder = join(root, "program");
    cpSync(join(repository, "test", "engine", "programs", program), folder, { recursive: true });
    const provider = join(folder, "provider");
    if (existsSync(provider)) {
      cpSync(provider, join(folder, "node_modules", "thing-provider"), { recursive: true });
    }
    mkdirSync(join(root, "cloud"));
    // The same facts hold of Pulumi's own engine: with its folder here the suite can be checked against it.
    const other = process.env["PULUMI_SRIOV_TEST_ENGINE"];
    process.env["PULUMI_SRIOV_ENGINE"] = "stand-in";
    return new Sandbox(root, folder, other ?? (await findEngine({ dir: root })).path);
  }

  /** With a stack `dev` selected. */
  static async withStack(): Promise<Sandbox> {
    const sandbox = await Sandbox.create();
    await sandbox.must("stack", "init", "dev");
    return sandbox;
  }

  get environment(): Record<string, string> {
    return { ...this.env };
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }

  /** What the program declares from now on. */
  declare(...resources: Thing[]): void {
    this.configure({ resources });
  }

  /** Writes configuration values into the stack's file, objects as objects. */
  configure(values: Record<string, unknown>): void {
    const file = join(this.program, "Pulumi.dev.yaml");
    const text = existsSync(file) ? readFileSync(file, "utf8") : "";
    const [head = "", config = ""] = text.split(/^config:\n/m);
    const known = Object.fromEntries(
      config
        .split("\n")
        .filter(Boolean)
        .map((line) => [line.trim().split(": ")[0], line]),
    ) as Record<string, string>;
    for (const [key, value] of Object.entries(values))
      known[`things:${key}`] = `  things:${key}: ${JSON.stringify(value)}`;
    writeFileSync(file, `${head}config:\n${Object.values(known).join("\n")}\n`);
  }

  start(...args: string[]): { child: ChildProcess; outcome: Promise<Outcome> } {
    return this.startWith({}, ...args);
  }

  startWith(env: Record<string, string>, ...args: string[]): { child: ChildProcess; outcome: Promise<Outcome> } {
    const child = spawn("pulumi", [...args, "--non-interactive"], {
      cwd: this.program,
      env: { ...process.env, ...this.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let [stdout, stderr] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    const outcome = new Promise<Outcome>((resolve) =>
      child.on("close", (status) => resolve({ status, stdout, stderr })),
    );
    return { child, outcome };
  }

  run(...args: string[]): Promise<Outcome> {
    return this.start(...args).outcome;
  }

  async must(...args: string[]): Promise<string> {
    const { status, stdout, stderr } = await this.run(...args);
    if (status !== 0) throw new Error(`pulumi ${args.join(" ")} ended with ${status ?? "?"}:\n${stdout}\n${stderr}`);
    return stdout;
  }

  up(): Promise<Outcome> {
    return this.run("up", "--yes", "--skip-preview");
  }

  async mustUp(...resources: Thing[]): Promise<string> {
    if (resources.length > 0) this.declare(...resources);
    return this.must("up", "--yes", "--skip-preview");
  }

  /** What the provider was asked since the last time. */
  calls(): Call[] {
    const file = join(this.root, "cloud", "calls.jsonl");
    if (!existsSync(file)) return [];
    const lines = readFileSync(file, "utf8").split("\n").filter(Boolean);
    writeFileSync(file, "");
    return lines.map((line) => JSON.parse(line) as Call);
  }

  /** The calls that change something, as `update a-1`. */
  changes(): string[] {
    return this.calls()
      .filter(({ call }) => ["create", "update", "delete"].includes(call))
      .map(({ call, id, name }) => `${call} ${id ?? name ?? ""}`);
  }

  /** Names of the things in the cloud. */
  cloud(): string[] {
    return readdirSync(join(this.root, "cloud"))
      .filter((name) => name.endsWith(".json"))
      .map((name) => name.slice(0, -".json".length))
      .sort();
  }

  edit(id: string, change: Record<string, unknown>): void {
    const file = join(this.root, "cloud", `${id}.json`);
    const known = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
    writeFileSync(file, JSON.stringify({ ...known, ...change }));
  }

  vanish(id: string): void {
    rmSync(join(this.root, "cloud", `${id}.json`));
  }

  /** Lets operations go on that wait. */
  go(): void {
    appendFileSync(join(this.root, "cloud", "go"), "");
  }

  /** Resolves when the provider has been asked this. */
  asked(call: string): Promise<void> {
    const folder = join(this.root, "cloud");
    const file = join(folder, "calls.jsonl");
    const seen = () => existsSync(file) && readFileSync(file, "utf8").includes(`"call":"${call}"`);
    return new Promise((resolve) => {
      const watcher = watch(folder, () => {
        if (!seen()) return;
        watcher.close();
        resolve();
      });
      if (seen()) {
        watcher.close();
        resolve();
      }
    });
  }

  get stateFile(): string {
    return join(this.root, ".pulumi", "stacks", "things", "dev.json");
  }

  deployment(): Deployment {
    return (JSON.parse(readFileSync(this.stateFile, "utf8")) as { checkpoint: { latest: Deployment } }).checkpoint
      .latest;
  }

  /** The state of a resource by name. */
  resource(name: string): ResourceState | undefined {
    return this.deployment().resources?.find(({ urn }) => urn.endsWith(`::${name}`));
  }
}
