import { Cluster } from "../provider/core/cluster.js";
import { chosenAccess } from "../provider/dynamic/connection.js";
import type { KnownInputs } from "./known-inputs.js";

/** One connection for each cluster that the resources of a run mean, for as long as the pack serves. */
const clusters = new Map<string, Cluster>();

/** The cluster that a resource means: by its own inputs, the stack's configuration, or the environment. */
export function clusterOf({ known }: KnownInputs): Cluster {
  const config = stackConfiguration();
  const access = chosenAccess((key) => text(config[key]), {
    kubeconfig: text(known["kubeconfig"]),
    context: text(known["context"]),
  });
  const key = JSON.stringify([access.kubeconfig, access.context]);
  const cluster = clusters.get(key) ?? Cluster.open(access);
  clusters.set(key, cluster);
  return cluster;
}

/** As the engine hands it to the process of a policy pack. */
function stackConfiguration(): Readonly<Record<string, unknown>> {
  return JSON.parse(process.env["PULUMI_CONFIG"] ?? "{}") as Record<string, unknown>;
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
