import { countImpact } from "../../../plan/impact/count-impact.js";
import { withoutFreed } from "../../../plan/impact/freed-claims.js";
import type { Impact } from "../../../plan/impact/impact.js";
import { planVfCount } from "../../../plan/vf-count.js";
import type { Beside, Operation } from "../resource.js";
import type { DeviceInputs } from "./device-inputs.js";
import { type DeviceOutputs, presentVfs } from "./device-outputs.js";
import { countAfterRelease } from "./field-ownership.js";
import { tellsUsers } from "./nic-impact.js";
import { servedDevices } from "./served-devices.js";

/** What a delete of the resource would do to its NIC now. Where somebody else owns the count too, the VFs stay. */
export async function foreseeDeviceDelete(
  { cluster }: Operation,
  id: string,
  olds: Partial<DeviceOutputs>,
  { successors = [], gone, freed }: Beside<DeviceInputs> = {},
): Promise<readonly Impact[]> {
  await cluster.refuseStranger(olds.clusterUid);
  // Without the kind there is no NIC left to lose anything.
  const device = (await servedDevices(cluster)).find(({ metadata }) => metadata.name === id);
  const { fieldManager, onVfsInUse } = olds;
  // What was imported and never changed has no count to let go of.
  if (device === undefined || fieldManager === undefined) return [];
  // Its check tells what becomes of the VFs; by the time of the delete it owns the count, too.
  if (successors.some(({ deviceName }) => deviceName === id)) return [];
  if (device.spec.address !== (olds.address ?? device.spec.address)) return [];
  const plan = withoutFreed(planVfCount(presentVfs(device), countAfterRelease(device, fieldManager, gone)), freed);
  if (plan.destroyed.length === 0) return [];
  const nic = { name: device.metadata.name, nodeName: device.spec.nodeName };
  return [countImpact(nic, plan, { onVfsInUse, usersKnown: await tellsUsers(cluster, plan) })];
}
