import type { CustomResourceDefinition } from "./core.js";
import { pciDeviceClaimDefinition } from "./schemas/pci-device-claim.js";
import { pciDeviceDefinition } from "./schemas/pci-device.js";
import { sriovNetworkDeviceDefinition } from "./schemas/sriov-network-device.js";
import { sriovNetworkDefinition } from "./schemas/sriov-network.js";
import { sriovNetworkNodePolicyDefinition } from "./schemas/sriov-network-node-policy.js";

/** The CustomResourceDefinitions that this project ships; `deploy/manifests/` holds the same as YAML. */
export function customResourceDefinitions(): CustomResourceDefinition[] {
  return [
    sriovNetworkDeviceDefinition(),
    pciDeviceDefinition(),
    pciDeviceClaimDefinition(),
    sriovNetworkNodePolicyDefinition(),
    sriovNetworkDefinition(),
  ];
}
