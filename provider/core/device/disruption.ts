import { Guard } from "../../../api/admission-policies.js";
import { Annotation, DEVICES_GROUP, DISRUPT } from "../../../api/names.js";
import { SRIOV_NETWORK_DEVICE, type SriovNetworkDevice } from "../../../api/sriov-network-device.js";
import type { KubeClient } from "../../../kube/client.js";
import { isForbidden, policyRefusal } from "../../../kube/errors.js";
import { planVfCount, type UsedVf, usedVfs } from "../../../plan/vf-count.js";
import type { Cluster } from "../cluster.js";
import { presentVfs } from "./device-outputs.js";

/**
 * What becomes of VFs in use: the cluster's admission policy refuses a change that destroys them, unless the request
 * carries an annotation with the count, by somebody who holds the verb `disrupt`.
 */

/** The API server refuses to destroy VFs that are in use; nothing was changed. */
export class DisruptionRefused extends Error {
  override readonly name = "DisruptionRefused";
}

/**
 * The annotation by which a change to `numVfs` says that it may destroy VFs in use, where it does destroy VFs. It is the
 * author's until the agent has carried the change out, and taken it away.
 */
export function disruptionAnnotation(
  device: SriovNetworkDevice,
  numVfs: number,
  allow: boolean,
): { readonly annotations?: Readonly<Record<string, string>> } {
  const { destroyed } = planVfCount(presentVfs(device), numVfs);
  if (!allow || destroyed.length === 0) return {};
  return { annotations: { [Annotation.allowDisruption]: String(numVfs) } };
}

/** `error` in the words of a program where it is the policy's; else `error` itself. `allow` as the request had it. */
export async function explainRefusal(
  client: KubeClient,
  device: SriovNetworkDevice,
  numVfs: number,
  allow: boolean,
  error: unknown,
): Promise<unknown> {
  const refusal = policyRefusal(error);
  if (refusal?.policy !== Guard.vfsInUse) return error;
  const { name } = device.metadata;
  const { numVfs: from } = presentVfs(device);
  const unchanged = `${name}: numVfs was not changed from ${from} to ${numVfs}`;
  if (isForbidden(error)) {
    const rule = `{apiGroups: ["${DEVICES_GROUP}"], resources: ["sriovnetworkdevices"], verbs: ["${DISRUPT}"]}`;
    return new DisruptionRefused(
      `${unchanged}: onVfsInUse is "proceed", but ${refusal.message}. Nothing was changed. Ask for a ClusterRole with ` +
        `the rule ${rule}, or release the VFs and leave onVfsInUse out.`,
      { cause: error },
    );
  }
  const used = allow ? [] : await usedNow(client, device, numVfs);
  // The users may be gone again by now, or leave to destroy was not taken: the API server's own words say it best.
  const why = used.length === 0 ? refusal.message : `${describeUsed(used)}. Nothing was changed. ${WAYS_OUT}`;
  return new DisruptionRefused(`${unchanged}: ${why}`, { cause: error });
}

/** What to do where VFs in use are in the way. */
export const WAYS_OUT =
  `Release them, or set onVfsInUse: "proceed", for which you need the verb "${DISRUPT}" on ` +
  `sriovnetworkdevices.${DEVICES_GROUP}.`;

/** The same where this cluster's NICs are looked after as they are. */
export async function waysOut(cluster: Cluster): Promise<string> {
  return (await cluster.deviceDialect()) === "operator" ? WAYS_OUT_OF_OPERATOR : WAYS_OUT;
}

/** The operator asks nobody's leave to destroy. */
const WAYS_OUT_OF_OPERATOR = `Release them, or set onVfsInUse: "proceed": the sriov-network-operator then evicts what uses them.`;

/** `VFs that would go are in use: …`. */
export function describeUsed(used: readonly UsedVf[]): string {
  const list = used.map(({ address, interfaceName, usedBy }) => {
    const name = interfaceName === undefined || interfaceName === "" ? "" : ` (${interfaceName})`;
    return `${address}${name} is used by ${usedBy}`;
  });
  return `VFs that would go are in use: ${list.join("; ")}`;
}

/** As the API server has it: what a watch has told may be older than what was refused. */
async function usedNow(client: KubeClient, device: SriovNetworkDevice, numVfs: number): Promise<readonly UsedVf[]> {
  const live = await client.get(SRIOV_NETWORK_DEVICE, device.metadata.name).catch(() => device);
  return usedVfs(planVfCount(presentVfs(live), numVfs));
}
