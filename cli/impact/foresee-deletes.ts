import type { Impact } from "../../plan/impact/impact.js";
import { messageOf } from "../../kube/errors.js";
import { Cluster, type ClusterAccess } from "../../provider/core/cluster.js";
import { type Operation, SILENT } from "../../provider/core/resource.js";
import { chosenAccess } from "../../provider/dynamic/connection.js";
import { type Going, goingOf, type Surroundings, surroundingsOf } from "./going.js";
import { type Preview, type Properties, SECRET } from "./preview.js";
import type { ForeseenDelete } from "./report.js";
import { propertiesOf } from "./resources.js";

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
  const foresee = async (one: Going, beside: Surroundings): Promise<Foreseen> => {
    const { kind, id, oldState } = one;
    const state = propertiesOf(oldState);
    try {
      const hidden = kind.identity.filter((name) => state[name] === SECRET);
      if (hidden.length > 0)
        throw new Error(`${hidden.join(", ")} of its state is secret, which a preview does not show`);
      const olds = withoutSecrets(state);
      const operation = operationOn(clusterOf(accessOf(preview, given, olds)));
      const impacts = await kind.foreseeDelete(operation, id, olds, beside);
      if (beside.otherwise === undefined) return { one, foreseen: { impacts } };
      const otherwise = await kind.foreseeDelete(operation, id, olds, beside.otherwise);
      const told = new Set(impacts.map(({ object }) => object));
      const more = otherwise.filter(({ object, inUse }) => inUse.length > 0 && !told.has(object));
      return { one, foreseen: { impacts: [...impacts, ...more.map(inThatCase)] } };
    } catch (error) {
      return { one, foreseen: { problem: messageOf(error) } };
    }
  };
  try {
    const going = goingOf(preview.steps);
    const [claims, others] = [going.filter(isClaim), going.filter((one) => !isClaim(one))];
    const ask = (some: readonly Going[], freed: readonly Going[]): Promise<Foreseen[]> =>
      Promise.all(some.map((one) => foresee(one, surroundingsOf(one, going, preview.steps, freed))));
    const released = await ask(claims, []);
    return byUrn([...released, ...(await ask(others, freedOf(released)))]);
  } finally {
    await Promise.all([...clusters.values()].map((cluster) => cluster.close()));
  }
}

interface Foreseen {
  readonly one: Going;
  readonly foreseen: ForeseenDelete;
}

function isClaim({ kind }: Going): boolean {
  return kind.name === "PciDeviceClaim";
}

/** Claims whose device nobody has, so that nothing is in the way of their delete. */
function freedOf(claims: readonly Foreseen[]): readonly Going[] {
  return claims
    .filter(({ foreseen }) => "impacts" in foreseen && foreseen.impacts.some(({ inUse }) => inUse.length === 0))
    .map(({ one }) => one);
}

/** Of a resource that is made anew on the same hardware, where the preview does not tell whether it is deleted before. */
function inThatCase(impact: Impact): Impact {
  return { ...impact, change: `${impact.change} if it is deleted before it is made anew`, outcome: "unknown" };
}

/** A resource may go twice: what an earlier replacement has left, and what it is now. */
function byUrn(all: readonly Foreseen[]): ReadonlyMap<string, ForeseenDelete> {
  const found = new Map<string, ForeseenDelete>();
  for (const { one, foreseen } of all) {
    const before = found.get(one.urn);
    const isMore = before !== undefined && "impacts" in before && "impacts" in foreseen;
    if (isMore) found.set(one.urn, { impacts: [...before.impacts, ...foreseen.impacts] });
    else if (before === undefined || "impacts" in before) found.set(one.urn, foreseen);
  }
  return found;
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
