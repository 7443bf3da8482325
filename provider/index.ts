/** What works without Pulumi, for other shells and for tools: the meaning of each resource. */
export { Cluster } from "./core/cluster.js";
export type { DeviceInputs, PartialDeviceInputs, Timeouts } from "./core/device-inputs.js";
export type { DeviceOutputs, VirtualFunctionOutput } from "./core/device-outputs.js";
export { type InputFailure, type Operation, PartialFailure, type ResourceLog } from "./core/resource.js";
export {
  checkDevice,
  createDevice,
  deleteDevice,
  diffDevice,
  readDevice,
  updateDevice,
} from "./core/sriov-network-device.js";
