import { readFileSync } from "node:fs";
import type { LabController } from "../../../lab/controller.js";
import { until } from "../lab/until.js";

/** Resolves when the controller's log has a line like this. */
export async function says(controller: LabController, text: RegExp): Promise<void> {
  await until(() => text.test(logOf(controller)));
}

export function logOf({ process }: LabController): string {
  return readFileSync(process.logFile, "utf8");
}

/** What it serves at this path. */
export async function served(controller: LabController, path: string): Promise<{ status: number; body: string }> {
  await says(controller, /health and metrics are served/);
  const line = logOf(controller)
    .split("\n")
    .find((text) => text.includes("health and metrics are served"));
  const { port = 0 } = JSON.parse(line ?? "{}") as { readonly port?: number };
  const response = await fetch(`http://127.0.0.1:${port}${path}`);
  return { status: response.status, body: await response.text() };
}

/** A count of its metrics, all of its labels' together; 0 where there is none. */
export async function metric(controller: LabController, name: string): Promise<number> {
  const { body } = await served(controller, "/metrics");
  const lines = body.split("\n").filter((line) => line.startsWith(`pulumi_sriov_controller_${name}`));
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
}
