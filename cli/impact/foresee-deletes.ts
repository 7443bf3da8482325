import { messageOf } from "../../kube/errors.js";
import { Cluster, type ClusterAccess } from "../../provider/core/cluster.js";
import { type Operation, SILENT } from "../../provider/core/resource.js";
import { chosenAccess } from "../../provider/dynamic/connection.js";
import { type Preview, type PreviewStep, type Properties, SECRET } from "./preview.js";
import type { ForeseenDelete } from "./report.js";
import { propertiesOf, type ResourceKind, resourceKind, urnParts } from "./resources.js";

const TIMEOUT_MS = 60_000;

/**
 * Asks the live cluster what becomes of the resources that a preview deletes or replaces: engines ask no provider of that. By
 * URN; resources that leave their hardware as it is are not among them.
 *
 * @param given credentials that go before what the preview tells of them.
 */
export async function foreseeDeletes(
  preview: Preview,
  given: ClusterAccess,
): Promise<ReadonlyMap<string, ForeseenDelete>> {
  const clusters = new Map<string, Cluster>();
  const clusterOf = (access: ClusterAccess): Cluster => {
    const key = JSON.stringify(access);
    const cluster = clusters.get(key) ?? Cluster.open(access);
    clusters.set(key, cluster);
    return cluster;
  };
  try {
    const going = preview.steps.flatMap((step) => {
      const kind = resourceKind(urnParts(step.urn).type);
      return kind !== undefined && releases(step, preview.steps) ? [{ step, kind }] : [];
    });
    const asked = going.map(async ({ step, kind }): Promise<[string, ForeseenDelete]> => {
      const olds = withoutSecrets(propertiesOf(step.oldState));
      try {
        const cluster = clusterOf(accessOf(preview, given, olds));
        const successors = successorsOf(kind, preview.steps);
        const id = step.oldState?.id ?? "";
        return [step.urn, { impacts: await kind.foreseeDelete(operationOn(cluster), id, olds, successors) }];
      } catch (error) {
        return [step.urn, { problem: messageOf(error) }];
      }
    });
    return new Map(await Promise.all(asked));
  } finally {
    await Promise.all([...clusters.values()].map((cluster) => cluster.close()));
  }
}

/** Whether the resource lets go of hardware that it had charge of. */
function releases({ op, oldState }: PreviewStep, steps: readonly PreviewStep[]): boolean {
  if (!["delete", "delete-replaced", "replace"].includes(op) || oldState === undefined) return false;
  if (oldState.external === true || oldState.retainOnDelete === true) return false;
  return !steps.some((other) => other.urn === oldState.deletedWith && other.op === "delete");
}

/** Inputs of the resources of the kind that the same `up` makes before it deletes: what they want stays. */
function successorsOf(kind: ResourceKind, steps: readonly PreviewStep[]): readonly Properties[] {
  return steps.flatMap(({ urn, newState }) => {
    const inputs = resourceKind(urnParts(urn).type) === kind ? newState?.inputs : undefined;
    return inputs === undefined || kind.unknownProblem(inputs) !== undefined ? [] : [inputs];
  });
}

function operationOn(cluster: Cluster): Operation {
  return { cluster, log: SILENT, deadline: Date.now() + TIMEOUT_MS };
}

/** As the provider would find the cluster, except that nobody tells the command of secrets. */
function accessOf({ config }: Preview, given: ClusterAccess, olds: Properties): ClusterAccess {
  const text = (value: unknown): string | undefined =>
    typeof value === "string" && value !== SECRET && value !== "" ? value : undefined;
  const remembered = { kubeconfig: text(olds["kubeconfig"]), context: text(olds["context"]) };
  return chosenAccess((key) => text(config[key]), given, remembered);
}

function withoutSecrets(properties: Properties): Properties {
  return Object.fromEntries(Object.entries(properties).filter(([, value]) => value !== SECRET));
}
