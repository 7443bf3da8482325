import { CUSTOM_RESOURCE_DEFINITION, NAMESPACE, POD } from "../../../api/core.js";
import { customResourceDefinitions } from "../../../api/custom-resource-definitions.js";
import { RECONCILER_NAMESPACE } from "../../../api/names.js";
import type { Lab } from "../../lab.js";

/** Throws where the cluster has pods, or kinds of the reconciler's. */
export async function showEmptyCluster(lab: Lab): Promise<void> {
  const pods = (await lab.client.list(POD)).items.length;
  const kinds = await reconcilerKinds(lab);
  console.log(`\nThe cluster has ${pods} pods, and ${kinds.length} of the reconciler's kinds.`);
  if (pods + kinds.length > 0) throw new Error("the cluster is not empty");
}

/** Throws where a kind, or the namespace, went with what was installed. */
export async function showWhatStays(lab: Lab): Promise<void> {
  const kinds = await reconcilerKinds(lab);
  await lab.client.get(NAMESPACE, RECONCILER_NAMESPACE);
  console.log(`\nThe namespace ${RECONCILER_NAMESPACE} stays, and these kinds: ${kinds.join(", ")}`);
  const all = customResourceDefinitions().length;
  if (kinds.length !== all) throw new Error(`${kinds.length} of ${all} kinds are left`);
}

async function reconcilerKinds(lab: Lab): Promise<string[]> {
  const ours = new Set(customResourceDefinitions().map(({ metadata }) => metadata.name));
  const { items } = await lab.client.list(CUSTOM_RESOURCE_DEFINITION);
  return items.map(({ metadata }) => metadata.name).filter((name) => ours.has(name));
}
