import { NODE } from "../../../api/core.js";
import { leftOutNics } from "../../../api/left-out-nic.js";
import { PCI_DEVICE, type PciDevice } from "../../../api/pci-device.js";
import { PCI_DEVICE_CLAIM } from "../../../api/pci-device-claim.js";
import { ELIGIBLE, SRIOV_NETWORK_DEVICE, type SriovNetworkDevice } from "../../../api/sriov-network-device.js";
import type { KubeObject, ResourceType } from "../../../api/object.js";
import { isForbidden, isKindMissing } from "../../../kube/errors.js";
import type { ClaimFacts } from "../../../plan/claims/claim-refusal.js";
import { type ClaimedFunction, takesAlong } from "../../../plan/claims/iommu-group.js";
import type { Cluster } from "../cluster.js";

/**
 * What objects tell of a device that decides whether it may be handed out; its node's agent knows more, such as what is
 * mounted. What these credentials may not see is left out.
 */
export async function claimFacts(cluster: Cluster, { metadata, status }: PciDevice): Promise<ClaimFacts | undefined> {
  if (status === undefined) return undefined;
  const [devices, claims, nics, nodes] = await Promise.all([
    listed(cluster, PCI_DEVICE),
    listed(cluster, PCI_DEVICE_CLAIM),
    listed(cluster, SRIOV_NETWORK_DEVICE),
    listed(cluster, NODE),
  ]);
  const { nodeName, address, iommuGroup } = status;
  const beside = devices.filter(
    (device) => device.status?.nodeName === nodeName && device.metadata.name !== metadata.name,
  );
  const taken = new Set(claims.filter(takesAlong).map((claim) => claim.metadata.name));
  const own = nics.filter(({ spec }) => spec.nodeName === nodeName);
  const nic = own.find(({ spec }) => spec.address === address);
  const node = nodes.find((candidate) => candidate.metadata.name === nodeName);
  return {
    device: { ...functionOf(status), iommuGroup },
    users: usersOf(own, address),
    numVfs: nic?.status?.virtualFunctions?.length ?? nic?.status?.vfAddresses?.length,
    management: whyNeeded(nic, node, address),
    groupMembers: beside.flatMap((device) =>
      device.status !== undefined && iommuGroup !== "" && device.status.iommuGroup === iommuGroup
        ? [{ ...functionOf(device.status), ...(taken.has(device.metadata.name) && { claim: device.metadata.name }) }]
        : [],
    ),
    hasIommu: beside.some((device) => (device.status?.iommuGroup ?? "") !== "") || undefined,
  };
}

function functionOf({ address, classId, kernelDriverInUse }: NonNullable<PciDevice["status"]>): ClaimedFunction {
  return { address, classId, driver: kernelDriverInUse };
}

/** Claims aside, which are objects to look at themselves. */
function usersOf(nics: readonly SriovNetworkDevice[], address: string): readonly string[] {
  const vf = nics
    .flatMap(({ status }) => status?.virtualFunctions ?? [])
    .find((candidate) => candidate.address === address);
  return (vf?.usedBy ?? "").split(", ").filter((user) => user !== "" && !user.startsWith("claim "));
}

/** As the node's agent says of NICs that it does not offer, or not any more. */
function whyNeeded(
  nic: SriovNetworkDevice | undefined,
  node: KubeObject | undefined,
  address: string,
): string | undefined {
  const eligible = nic?.status?.conditions?.find(({ type }) => type === ELIGIBLE);
  // A claim of the NIC is looked at itself.
  if (eligible?.status === "False" && eligible.reason !== "Claimed") return eligible.message;
  return node && leftOutNics(node).find((left) => left.address === address)?.reason;
}

async function listed<T extends KubeObject>(cluster: Cluster, type: ResourceType<T>): Promise<readonly T[]> {
  try {
    return (await cluster.objects(type)).list();
  } catch (error) {
    if (isForbidden(error) || isKindMissing(error)) return [];
    throw error;
  }
}
