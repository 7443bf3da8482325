export {
  SriovNetworkDevice,
  type SriovNetworkDeviceArgs,
  type SriovNetworkDeviceState,
  type VirtualFunction,
} from "./sriov-network-device.js";
