import type { VfGroup } from "../../../api/sriov-network-device.js";

/** Resources under which the kubelet has the VFs of the two groups. */
export const NETDEVICES = "openshift.io/netdevices";
export const VFIO = "openshift.io/vfio";

/** VFs that keep their network driver. */
export function netdevices(vfRange: string): VfGroup {
  return { resourceName: "netdevices", policyName: "pods", vfRange };
}

/** VFs for guests and user-space drivers. */
export function vfioGroup(vfRange: string): VfGroup {
  return { resourceName: "vfio", policyName: "guests", vfRange, deviceType: "vfio-pci" };
}
