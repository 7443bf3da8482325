import type { Impact } from "../../../plan/impact/impact.js";
import type { Operation } from "../resource.js";
import type { NetworkOutputs } from "./network-outputs.js";

/** A network takes nothing from pods that run: they keep their interfaces, and only new ones find it gone. */
export async function foreseeNetworkDelete(
  { cluster }: Operation,
  _id: string,
  olds: Partial<NetworkOutputs>,
): Promise<readonly Impact[]> {
  await cluster.refuseStranger(olds.clusterUid);
  return [];
}
