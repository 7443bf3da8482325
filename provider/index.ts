/** What works without Pulumi, for other shells and for tools: the meaning of each resource. */
export { Cluster } from "./core/cluster.js";
export type { DeviceInputs, PartialDeviceInputs } from "./core/device-inputs.js";
export type { DeviceOutputs, VirtualFunctionOutput } from "./core/device-outputs.js";
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
  updateDevice,
} from "./core/sriov-network-device.js";
export type { Timeouts } from "./core/timeouts.js";
