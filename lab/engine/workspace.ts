import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { Backend, writeAtomically } from "./backend.js";
import type { Arguments } from "./command-line.js";
import { EngineError } from "./engine-error.js";
import type { Stack } from "./operation.js";
import { findProject, StackSettings, type Project } from "./project.js";

/** The project around the working directory, its backend, and which stack is selected. */
export class Workspace {
  private knownProject: Project | undefined;
  private knownBackend: Backend | undefined;

  constructor(private readonly args: Arguments) {}

  get project(): Project {
    return (this.knownProject ??= findProject(resolve(this.args.get("cwd") ?? ".")));
  }

  get backend(): Backend {
    return (this.knownBackend ??= Backend.open(this.projectUrl()));
  }

  get selected(): string | undefined {
    if (!existsSync(this.file)) return undefined;
    return (JSON.parse(readFileSync(this.file, "utf8")) as { stack?: string }).stack;
  }

  select(stack: string | undefined): void {
    writeAtomically(this.file, JSON.stringify({ ...(stack !== undefined && { stack }) }));
  }

  /** The stack of --stack, PULUMI_STACK, or the selection. It exists. */
  stack(given = this.args.get("stack")): Stack {
    const name = given ?? process.env["PULUMI_STACK"] ?? this.selected;
    if (name === undefined || name === "") {
      throw new EngineError("no stack selected; please use `pulumi stack select` or `pulumi stack init` to choose one");
    }
    const stack = this.newStack(name);
    if (!this.backend.exists(this.project.name, stack.name)) {
      throw new EngineError(`no stack named '${stack.name}' found`);
    }
    return stack;
  }

  /** A stack that need not exist yet. `organization/<project>/<stack>` is understood. */
  newStack(given: string): Stack {
    const parts = given.split("/");
    const name = parts.at(-1) ?? "";
    if (!/^[\w.-]+$/.test(name)) {
      throw new EngineError(
        `a stack name may only contain alphanumeric, hyphens, underscores, or periods: invalid name ${JSON.stringify(given)}`,
      );
    }
    const settings = new StackSettings(this.project, name, this.args.get("config-file"));
    return { name, project: this.project, settings, backend: this.backend };
  }

  private get file(): string {
    const { name, root } = this.project;
    const hash = createHash("sha1").update(join(root, "Pulumi.yaml")).digest("hex");
    const home = process.env["PULUMI_HOME"] ?? join(homedir(), ".pulumi");
    return join(home, "workspaces", `${name}-${hash}-workspace.json`);
  }

  private projectUrl(): string | undefined {
    try {
      return this.project.backendUrl;
    } catch {
      // Commands such as `stack ls --all` need no project.
      return undefined;
    }
  }
}
