import { omit } from "./omit.js";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { parse, stringify } from "yaml";
import { writeAtomically } from "./backend.js";
import { EngineError } from "./engine-error.js";
import { Crypter } from "./secrets.js";

/** A Pulumi.yaml and where it lies. */
export interface Project {
  name: string;
  /** The folder of Pulumi.yaml. */
  root: string;
  /** Where the program is run: the root, or what `main` says. */
  programFolder: string;
  /** Relative to programFolder; `.` for what package.json says. */
  entryPoint: string;
  runtime: string;
  runtimeOptions: Record<string, unknown>;
  stackConfigFolder: string;
  backendUrl: string | undefined;
  /** Values that hold where a stack says nothing else, by full key. */
  defaults: Config;
}

/** Finds Pulumi.yaml in the folder or above it. */
export function findProject(folder: string): Project {
  const start = resolve(folder);
  for (let at = start; ; at = dirname(at)) {
    const file = ["Pulumi.yaml", "Pulumi.yml"].map((name) => join(at, name)).find((name) => existsSync(name));
    if (file !== undefined) return readProject(file);
    if (at === dirname(at)) {
      throw new EngineError(
        `no Pulumi.yaml project file found (searching upwards from ${start}). If you have not created a project yet, ` +
          "use `pulumi new` to do so",
      );
    }
  }
}

function readProject(file: string): Project {
  const document = parse(readFileSync(file, "utf8")) as {
    name?: string;
    runtime?: string | { name: string; options?: Record<string, unknown> };
    main?: string;
    backend?: { url?: string };
    stackConfigDir?: string;
    config?: Record<string, unknown>;
  };
  const { name, runtime } = document;
  if (!name || !runtime) throw new EngineError(`${file} has no 'name' or no 'runtime'`);
  const runtimeName = typeof runtime === "string" ? runtime : runtime.name;
  if (runtimeName !== "nodejs") throw new EngineError(`runtime '${runtimeName}' in ${file}: only nodejs runs here`);
  const root = dirname(file);
  const main = join(root, document.main ?? ".");
  const isFile = /\.[cm]?[jt]s$/.test(main);
  return {
    name,
    root,
    programFolder: isFile ? dirname(main) : main,
    entryPoint: isFile ? main : ".",
    runtime: runtimeName,
    runtimeOptions: typeof runtime === "string" ? {} : (runtime.options ?? {}),
    stackConfigFolder: join(root, document.stackConfigDir ?? "."),
    backendUrl: document.backend?.url,
    defaults: defaultsOf(name, document.config ?? {}),
  };
}

/** An entry is a value, or says `value` or `default` beside a type and a description. */
function defaultsOf(project: string, entries: Record<string, unknown>): Config {
  const values = Object.entries(entries).flatMap(([key, entry]) => {
    const described = typeof entry === "object" && entry !== null && !Array.isArray(entry);
    const { value: fixed, default: fallback } = described ? (entry as { value?: unknown; default?: unknown }) : {};
    const found = described ? (fixed ?? fallback) : entry;
    if (found === undefined || found === null) return [];
    const object = typeof found === "object";
    const value = typeof found === "string" ? found : JSON.stringify(found);
    return [[key.includes(":") ? key : `${project}:${key}`, { value, secret: false, object }] as const];
  });
  return Object.fromEntries(values);
}

/** A configuration value in clear. Objects are kept as their JSON text. */
export interface ConfigValue {
  value: string;
  secret: boolean;
  object: boolean;
}

export type Config = Record<string, ConfigValue>;

type StoredValue = string | number | boolean | { secure: string } | unknown[] | Record<string, unknown>;

interface StackFile {
  secretsprovider?: string;
  encryptionsalt?: string;
  config?: Record<string, StoredValue>;
  [other: string]: unknown;
}

/** Pulumi.<stack>.yaml: configuration, and the salt of the stack's key. */
export class StackSettings {
  private readonly file: string;
  private content: StackFile;
  private crypter: Crypter | undefined;

  constructor(
    private readonly project: Project,
    stack: string,
    file?: string,
  ) {
    this.file = file ?? join(project.stackConfigFolder, `Pulumi.${stack}.yaml`);
    this.content = existsSync(this.file) ? ((parse(readFileSync(this.file, "utf8")) as StackFile | null) ?? {}) : {};
  }

  /** Opens the stack's key; where it has none yet, `salt` (of the state) or a new one is written to the file. */
  secrets(salt?: string): Crypter {
    if (this.crypter) return this.crypter;
    const known = this.content.encryptionsalt ?? salt;
    this.crypter = known === undefined ? Crypter.create() : Crypter.open(known);
    if (this.content.encryptionsalt === undefined) {
      this.content = { ...this.content, encryptionsalt: this.crypter.salt };
      this.save();
    }
    return this.crypter;
  }

  /** The whole configuration; secrets are decrypted only when asked for, else their value is `[secret]`. */
  all(decrypt: boolean): Config {
    const entries = Object.entries(this.content.config ?? {}).map(([key, stored]) => [key, this.read(stored, decrypt)]);
    return { ...this.project.defaults, ...(Object.fromEntries(entries) as Config) };
  }

  get(key: string): ConfigValue | undefined {
    const stored = this.content.config?.[this.fullKey(key)];
    return stored === undefined ? undefined : this.read(stored, true);
  }

  set(key: string, value: string, secret: boolean): void {
    const stored: StoredValue = secret ? { secure: this.secrets().encrypt(value) } : value;
    this.content = { ...this.content, config: { ...this.content.config, [this.fullKey(key)]: stored } };
  }

  remove(key: string): void {
    this.content = { ...this.content, config: omit(this.content.config ?? {}, this.fullKey(key)) };
  }

  /** The configuration as the file has it, secrets encrypted. */
  stored(): Record<string, unknown> {
    return this.content.config ?? {};
  }

  /** What `stored` answered once, for `stack history`. */
  describe(stored: Record<string, unknown>, decrypt: boolean): Record<string, { value?: string; secret: boolean }> {
    const entries = Object.entries(stored).map(([key, item]) => {
      const { value, secret } = this.read(item as StoredValue, decrypt);
      return [key, { ...((decrypt || !secret) && { value }), secret }] as const;
    });
    return Object.fromEntries(entries);
  }

  save(): void {
    const { config, ...others } = this.content;
    const hasConfig = config !== undefined && Object.keys(config).length > 0;
    writeAtomically(this.file, stringify({ ...others, ...(hasConfig && { config }) }, { lineWidth: 0 }));
  }

  /** `name` alone belongs to the project's own namespace. */
  fullKey(key: string): string {
    return key.includes(":") ? key : `${this.project.name}:${key}`;
  }

  private read(stored: StoredValue, decrypt: boolean): ConfigValue {
    if (typeof stored !== "object") return { value: String(stored), secret: false, object: false };
    if ("secure" in stored && typeof stored.secure === "string" && Object.keys(stored).length === 1) {
      const value = decrypt ? this.secrets().decrypt(stored.secure) : "[secret]";
      return { value, secret: true, object: false };
    }
    let hasSecret = false;
    const reveal = (node: unknown): unknown => {
      if (Array.isArray(node)) return node.map(reveal);
      if (typeof node !== "object" || node === null) return node;
      if ("secure" in node && typeof node.secure === "string") {
        hasSecret = true;
        return decrypt ? this.secrets().decrypt(node.secure) : "[secret]";
      }
      return Object.fromEntries(Object.entries(node).map(([key, item]) => [key, reveal(item)]));
    };
    const value = JSON.stringify(reveal(stored));
    return { value, secret: hasSecret, object: true };
  }
}
