import { pciDeviceName } from "../../../api/names.js";
import type { KubeObject, ObjectMeta, OwnerReference } from "../../../api/object.js";
import { PCI_DEVICE_CLAIM, type PciDeviceClaim } from "../../../api/pci-device-claim.js";
import { PCI_DEVICE } from "../../../api/pci-device.js";
import { KubeClient } from "../../../kube/client.js";
import type { Lab } from "../../../lab/lab.js";
import { CLAIM_SPEC } from "../../specs/claims.js";

type Fields = Readonly<Record<string, unknown>>;

let made = 0;
const names = new Set<string>();

/** An address that no other claim of these tests is for. */
export function freshAddress(): string {
  return `${(0xa000 + ++made).toString(16)}:04:10.1`;
}

/** The same with these fields of spec set, or, where undefined, left out; under the name that it must have. */
export async function makeClaim(
  client: KubeClient,
  fields: Fields = {},
  metadata: Partial<ObjectMeta> = {},
): Promise<PciDeviceClaim> {
  const spec: Fields = { ...CLAIM_SPEC, address: freshAddress(), ...fields };
  const name = pciDeviceName(textOf(spec["nodeName"]), textOf(spec["address"]));
  const object: KubeObject & { readonly spec: Fields } = { metadata: { name, ...metadata }, spec };
  names.add(object.metadata.name);
  return (await client.create<KubeObject>(PCI_DEVICE_CLAIM, object, BY)) as PciDeviceClaim;
}

/**
 * Removes all claims that were made by these functions, whatever keeps them: a controller that another test starts would
 * look after them.
 */
export async function removeClaims(lab: Lab): Promise<void> {
  // The guards let whatever the garbage collector removes go.
  const kubeconfig = await lab.controlPlane.kubeconfigFor("system:kube-controller-manager", ["system:masters"]);
  const collector = KubeClient.open({ kubeconfig });
  const { items } = await collector.list(PCI_DEVICE_CLAIM);
  for (const { metadata } of items.filter(({ metadata }) => names.has(metadata.name))) {
    await collector.delete(PCI_DEVICE_CLAIM, metadata.name);
    if (metadata.finalizers !== undefined)
      await collector.merge(PCI_DEVICE_CLAIM, metadata.name, { metadata: { finalizers: null } }, BY);
  }
  collector.close();
}

/** As the agent of the claim's node, since nobody else may. */
export async function writeClaimStatus(lab: Lab, claim: PciDeviceClaim, status: Fields): Promise<PciDeviceClaim> {
  const agent = await lab.clientOfNode(claim.spec.nodeName);
  return agent.merge(PCI_DEVICE_CLAIM, claim.metadata.name, { status }, { ...BY, subresource: "status" });
}

/** A claim whose device a virtual machine has, as the agent of its node reports. */
export async function claimInUse(lab: Lab, nodeName = "by-hand"): Promise<PciDeviceClaim> {
  const claim = await makeClaim(lab.client, { nodeName });
  return writeClaimStatus(lab, claim, { passthroughEnabled: true, usedBy: "virtual machine web/vm1" });
}

/** A PCIDevice that is there, as owner of a claim: the garbage collector takes what has lost all of its owners. */
export async function pciDeviceAsOwner(lab: Lab): Promise<OwnerReference> {
  const { apiVersion, kind } = PCI_DEVICE;
  const { metadata } = await lab.client.create(PCI_DEVICE, { metadata: { name: `owner-${++made}` } }, BY);
  return { apiVersion, kind, name: metadata.name, uid: metadata.uid ?? "" };
}

/** Which of a wrong claim's fields are no texts is for the API server to say; its name must be one all the same. */
function textOf(value: unknown): string {
  return typeof value === "string" && /^[a-z0-9][-a-z0-9.:]*$/.test(value) ? value : "none";
}

const BY = { fieldManager: "somebody" };
