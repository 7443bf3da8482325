import { expect } from "chai";
import { Annotation } from "../../../api/names.js";
import { SRIOV_NETWORK_DEVICE, type SriovNetworkDevice } from "../../../api/sriov-network-device.js";
import type { KubeClient } from "../../../kube/client.js";
import { ApiError, policyRefusal } from "../../../kube/errors.js";
import type { Lab } from "../../../lab/lab.js";
import { refusal } from "../refusal.js";
import { applyCount, makeDevice, writeStatus } from "./device.js";

/** What the policy says in refusing `work`. @throws {AssertionError} It was not refused, or not by that policy. */
export async function refusedBy(policy: string, work: Promise<unknown>): Promise<string> {
  const error = await refusal(work, ApiError);
  const refused = policyRefusal(error);
  expect(refused?.policy, error.message).to.equal(policy);
  return refused?.message ?? "";
}

/** A device that no agent looks after, of which these VFs are reported, each with its user or none. */
export async function deviceWithVfs(
  lab: Lab,
  users: readonly (string | undefined)[],
  nodeName?: string,
): Promise<SriovNetworkDevice> {
  const made = await makeDevice(lab.client, nodeName);
  if (users.length > 0) await applyCount(lab.client, made, users.length, { as: "owner" });
  const virtualFunctions = users.map((usedBy, index) => ({
    index,
    address: vfAddress(index),
    pciDevice: `${made.spec.nodeName}-${index}`,
    ...(usedBy !== undefined && { usedBy }),
  }));
  return writeStatus(lab, made, { totalVFs: 63, virtualFunctions });
}

export function vfAddress(index: number): string {
  return `0000:04:${(0x10 + (index >> 3)).toString(16)}.${index & 7}`;
}

/** Both in one request, as a merge patch; what is left out stays as it is, and null removes the annotation. */
export function change(
  client: KubeClient,
  device: SriovNetworkDevice,
  wanted: { readonly count?: number; readonly allow?: string | null },
): Promise<SriovNetworkDevice> {
  const patch = {
    ...(wanted.allow !== undefined && { metadata: { annotations: { [Annotation.allowDisruption]: wanted.allow } } }),
    ...(wanted.count !== undefined && { spec: { numVFS: wanted.count } }),
  };
  return client.merge(SRIOV_NETWORK_DEVICE, device.metadata.name, patch, { fieldManager: "somebody" });
}
