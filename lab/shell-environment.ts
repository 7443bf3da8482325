import { mkdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import type { EngineExecutable } from "./engine/executable.js";
import type { Lab } from "./lab.js";

/** What a shell needs so that `kubectl` and `pulumi` find the lab; stacks and their state are kept in the lab's folder. */
export function shellEnvironment(lab: Lab, engine: EngineExecutable): Readonly<Record<string, string>> {
  const backend = join(lab.run.dir, "pulumi");
  mkdirSync(backend, { recursive: true });
  return {
    KUBECONFIG: lab.controlPlane.kubeconfig,
    PULUMI_BACKEND_URL: `file://${backend}`,
    PULUMI_CONFIG_PASSPHRASE: "lab",
    // Pulumi remembers there which stack each project has selected.
    PULUMI_HOME: join(lab.run.dir, "pulumi-home"),
    PATH: `${engine.path}${delimiter}${process.env["PATH"] ?? ""}`,
  };
}

/** For a person to copy into a shell. */
export function exportLines(environment: Readonly<Record<string, string>>): string {
  return Object.entries(environment)
    .map(([name, value]) => `export ${name}='${value}'`)
    .join("\n");
}
