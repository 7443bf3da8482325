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
