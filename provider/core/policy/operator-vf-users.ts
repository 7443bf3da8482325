import { isForbidden } from "../../../kube/errors.js";
import type { Cluster, DeviceView } from "../cluster.js";
import { type VfUsers, vfUsers } from "../device/operator-users.js";
import { operatorUsers } from "../device/operator-view.js";
import type { NicEffect } from "./policy-effects.js";

/**
 * Who has VFs where the sriov-network-operator carries policies out: pods tell, and agents of this project, or Harvester's
 * controller, where they look at the NICs, too. Those see claims and virtual machines as well.
 */
export async function policyVfUsers(cluster: Cluster): Promise<Pick<VfUsers, "of">> {
  const [devices, pods] = await Promise.all([agentsDevices(cluster), operatorUsers(cluster)]);
  const told = new Map(
    (devices?.list() ?? []).flatMap(({ spec, status }) =>
      (status?.virtualFunctions ?? []).map((vf) => [`${spec.nodeName}/${vf.address}`, vf.usedBy] as const),
    ),
  );
  return { of: (nodeName, address) => told.get(`${nodeName}/${address}`) || pods?.of(nodeName, address) };
}

/** Whether anybody tells who uses the VFs that go: pods do to those who may list them, and agents of the NICs that they look at. */
export async function usersKnown(cluster: Cluster, effects: readonly NicEffect[]): Promise<boolean> {
  const losing = effects.filter(({ change }) => change.destroyed.length > 0);
  if (losing.length === 0 || (await cluster.dialect()) === "own" || (await vfUsers(cluster)) !== undefined) return true;
  const devices = await agentsDevices(cluster);
  const seen = new Set((devices?.list() ?? []).map(({ spec }) => `${spec.nodeName}/${spec.address}`));
  return losing.every(({ match }) => seen.has(`${match.nodeName}/${match.address}`));
}

/** Undefined where the operator alone looks after NICs, or these credentials may not see what others tell of them. */
async function agentsDevices(cluster: Cluster): Promise<DeviceView | undefined> {
  if ((await cluster.deviceDialect()) === "operator") return undefined;
  try {
    return await cluster.devices();
  } catch (error) {
    if (isForbidden(error)) return undefined;
    throw error;
  }
}
