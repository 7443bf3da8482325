export type {
  CapableDevice,
  Declarer,
  ListedClaim,
  ListedDevice,
  ListedPciDevice,
  ListedVf,
  NodeCapability,
  SriovCapability,
} from "../provider/index.js";
export {
  getPciDevices,
  type GetPciDevicesArgs,
  getPciDevicesOutput,
  type GetPciDevicesOutputArgs,
} from "./get-pci-devices.js";
export { getSriovCapability, type GetSriovCapabilityArgs, getSriovCapabilityOutput } from "./get-sriov-capability.js";
export {
  getSriovNetworkDevices,
  type GetSriovNetworkDevicesArgs,
  getSriovNetworkDevicesOutput,
  type GetSriovNetworkDevicesOutputArgs,
} from "./get-sriov-network-devices.js";
export { PciDeviceClaim, type PciDeviceClaimArgs, type PciDeviceClaimState } from "./pci-device-claim.js";
export {
  SriovNetworkDevice,
  type SriovNetworkDeviceArgs,
  type SriovNetworkDeviceState,
  type VirtualFunction,
} from "./sriov-network-device.js";
export {
  type MatchedDevice,
  type NicSelectorArgs,
  SriovNetworkNodePolicy,
  type SriovNetworkNodePolicyArgs,
} from "./sriov-network-node-policy.js";
export {
  type FollowedPolicy,
  type JsonObject,
  SriovNetwork,
  type SriovNetworkArgs,
  type SriovNetworkState,
} from "./sriov-network.js";
export { SriovReconciler } from "./sriov-reconciler.js";
export type {
  AgentArgs,
  ControllerArgs,
  MetricsArgs,
  ReconcilerFeatures,
  SriovReconcilerArgs,
} from "./reconciler/reconciler-args.js";
