import type { HarvesterNic } from "../../../harvester/harvester-hardware.js";
import {
  Cluster,
  type DeviceInputs,
  type DeviceOutputs,
  type PartialDeviceInputs,
  sriovNetworkDevice,
} from "../../../../provider/index.js";
import { ResourceDriver } from "../resource-driver.js";

/** The NICs of one run of a program. */
export class DeviceDriver extends ResourceDriver<DeviceInputs, DeviceOutputs> {
  static open(kubeconfig: string): DeviceDriver {
    return new DeviceDriver(Cluster.open({ kubeconfig }), sriovNetworkDevice);
  }

  /** What a program gives for that NIC, in a stack of its own. */
  inputs(
    { nodeName, interfaceName }: Pick<HarvesterNic, "nodeName" | "interfaceName">,
    numVfs: number,
    more: PartialDeviceInputs = {},
  ): PartialDeviceInputs {
    return {
      resourceUrn: this.urn("SriovNetworkDevice", interfaceName),
      nodeName,
      interfaceName,
      numVfs,
      ...more,
    };
  }
}
