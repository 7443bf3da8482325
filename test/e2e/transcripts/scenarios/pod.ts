import { POD } from "../../../../api/core.js";
import { NETWORK_STATUS } from "../../../../api/network-attachment-definition.js";
import type { KubeObject, ResourceType } from "../../../../api/object.js";
import type { Nic } from "../../nics.js";

/** Runs a pod in `default` that has a VF of the NIC by a network of that key, and waits until the NIC's object says so. */
export async function runPod(nic: Nic, name: string, vf: number, network = "default/fast"): Promise<void> {
  const { client } = nic.lab;
  const address = (await nic.device()).status?.vfAddresses?.[vf] ?? "";
  const status = [
    { name: network, interface: "net1", "device-info": { type: "pci", pci: { "pci-address": address } } },
  ];
  const by = { fieldManager: "person", force: true };
  await client.apply(SERVICE_ACCOUNT, { metadata: { name: "default", namespace: "default" } }, by);
  const spec = {
    nodeName: nic.nodeName,
    serviceAccountName: "default",
    automountServiceAccountToken: false,
    containers: [{ name: "main", image: "none" }],
  };
  const metadata = { name, namespace: "default", annotations: { [NETWORK_STATUS]: JSON.stringify(status) } };
  await client.apply(POD, { metadata, spec }, by);
  await nic.until("in use", (device) => device.status?.virtualFunctions?.[vf]?.usedBy !== undefined);
}

/** A pod needs one, and nothing in the lab makes it. */
const SERVICE_ACCOUNT: ResourceType<KubeObject> = {
  apiVersion: "v1",
  kind: "ServiceAccount",
  plural: "serviceaccounts",
  namespaced: true,
};
