import { Label } from "../../../api/names.js";
import { SRIOV_NETWORK_DEVICE, type SriovNetworkDevice } from "../../../api/sriov-network-device.js";
import type { KubeClient } from "../../../kube/client.js";
import type { Lab } from "../../../lab/lab.js";

let made = 0;

/** A device that no agent looks after, made as an agent makes it: without the count. */
export async function makeDevice(client: KubeClient, nodeName = "by-hand"): Promise<SriovNetworkDevice> {
  const name = `by-hand-${++made}`;
  const labels = { [Label.nodeName]: nodeName };
  const object = { metadata: { name, labels }, spec: { address: "0000:04:00.0", nodeName } };
  return client.apply(SRIOV_NETWORK_DEVICE, object, { fieldManager: "maker" });
}

export function applyCount(
  client: KubeClient,
  device: SriovNetworkDevice,
  numVFS: number | undefined,
  options: { readonly as: string; readonly force?: boolean },
): Promise<SriovNetworkDevice> {
  const { name, uid } = device.metadata;
  const object = { metadata: { name, uid }, spec: numVFS === undefined ? {} : { numVFS } };
  return client.apply(SRIOV_NETWORK_DEVICE, object, { fieldManager: options.as, force: options.force ?? false });
}

/** As the agent of the device's node, since nobody else may. */
export async function writeStatus(
  lab: Lab,
  device: SriovNetworkDevice,
  status: Readonly<Record<string, unknown>>,
): Promise<SriovNetworkDevice> {
  const options = { fieldManager: "maker", subresource: "status" } as const;
  const agent = await lab.clientOfNode(device.spec.nodeName);
  return agent.merge(SRIOV_NETWORK_DEVICE, device.metadata.name, { status }, options);
}

/** Managers that own the count. */
export function ownersOfCount(device: SriovNetworkDevice): string[] {
  return (device.metadata.managedFields ?? [])
    .filter(({ fieldsV1 }) => fieldsV1?.["f:spec"]?.["f:numVFS"] !== undefined)
    .map(({ manager }) => manager ?? "");
}
