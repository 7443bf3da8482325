import type { ContainerAllocation, DeviceSpec } from "../kubelet/device-plugin-api.js";
import type { PoolDevice } from "./pools.js";

const VFIO = "/dev/vfio/vfio";
const VHOST_NET = "/dev/vhost-net";
const TUN = "/dev/net/tun";

/**
 * What a container gets for these functions of one resource, with everything that those who look for it read: SR-IOV's CNI
 * plugin, DPDK and KubeVirt's networks `PCIDEVICE_…`, KubeVirt's host devices `PCI_RESOURCE_…`. Pure.
 */
export function allocation(resourceName: string, devices: readonly PoolDevice[]): ContainerAllocation {
  const name = resourceName.toUpperCase().replace(/[./]/g, "_");
  const addresses = devices.map(({ address }) => address).join(",");
  const info = Object.fromEntries(devices.map((device) => [device.address, infoOf(device)]));
  const forGuests = devices.filter(({ vfio }) => vfio !== undefined);
  return {
    envs: {
      [`PCIDEVICE_${name}`]: addresses,
      [`PCIDEVICE_${name}_INFO`]: JSON.stringify(info),
      ...(forGuests.length > 0 && { [`PCI_RESOURCE_${name}`]: forGuests.map(({ address }) => address).join(",") }),
    },
    devices: unique(devices.flatMap(nodesOf)),
  };
}

function infoOf({ address, vfio, needVhostNet }: PoolDevice): object {
  return {
    generic: { deviceID: address },
    ...(vfio && { vfio: { "dev-mount": groupNode(vfio), mount: VFIO } }),
    ...(needVhostNet && { vhost: { "net-mount": VHOST_NET, "tun-mount": TUN } }),
  };
}

function nodesOf({ vfio, needVhostNet }: PoolDevice): DeviceSpec[] {
  const forGuests = vfio ? [VFIO, groupNode(vfio)].map((path) => deviceNode(path, vfio.permissions)) : [];
  const forVhost = needVhostNet ? [VHOST_NET, TUN].map((path) => deviceNode(path, "rw")) : [];
  return [...forGuests, ...forVhost];
}

function deviceNode(path: string, permissions: string): DeviceSpec {
  return { containerPath: path, hostPath: path, permissions };
}

/** Where a group's device node is on the node. */
export function groupNode({ iommuGroup }: NonNullable<PoolDevice["vfio"]>): string {
  return `/dev/vfio/${iommuGroup}`;
}

function unique(nodes: readonly DeviceSpec[]): DeviceSpec[] {
  return [...new Map(nodes.map((node) => [node.hostPath, node])).values()];
}
