/** What works without Pulumi, for other shells and for tools: the meaning of each resource. */
export { type CapableDevice, type NodeCapability, sriovCapability, type SriovCapability } from "./core/capability.js";
export type { ClaimInputs, PartialClaimInputs } from "./core/claim/claim-inputs.js";
export type { ClaimOutputs } from "./core/claim/claim-outputs.js";
export { pciDeviceClaim } from "./core/claim/pci-device-claim.js";
export { Cluster } from "./core/cluster.js";
export type { DeviceInputs, PartialDeviceInputs } from "./core/device/device-inputs.js";
export type { DeviceOutputs, VirtualFunctionOutput } from "./core/device/device-outputs.js";
export type { NetworkInputs, PartialNetworkInputs } from "./core/network/network-inputs.js";
export type { NetworkOutputs } from "./core/network/network-outputs.js";
export { sriovNetwork } from "./core/network/sriov-network.js";
export {
  type Declarer,
  type DeviceFilter,
  type ListedDevice,
  type ListedVf,
  sriovNetworkDevices,
} from "./core/list-devices.js";
export { type ListedClaim, type ListedPciDevice, type PciDeviceFilter, pciDevices } from "./core/pci-devices.js";
export { runOperation, type Task } from "./core/operation.js";
export type { PartialPolicyInputs, PolicyInputs } from "./core/policy/policy-inputs.js";
export type { MatchedDeviceOutput } from "./core/policy/policy-dialect.js";
export type { PolicyOutputs } from "./core/policy/policy-outputs.js";
export { sriovNetworkNodePolicy } from "./core/policy/sriov-network-node-policy.js";
export {
  type Checked,
  type Created,
  type Difference,
  type InputFailure,
  type Operation,
  PartialFailure,
  type Resource,
  type ResourceLog,
  type SharedInputs,
} from "./core/resource.js";
export {
  checkDevice,
  createDevice,
  deleteDevice,
  diffDevice,
  readDevice,
  sriovNetworkDevice,
  updateDevice,
} from "./core/device/sriov-network-device.js";
export type { Timeouts } from "./core/timeouts.js";
