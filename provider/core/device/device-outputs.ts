import { Annotation } from "../../../api/names.js";
import type { SriovNetworkDevice } from "../../../api/sriov-network-device.js";
import type { PresentVfs } from "../../../plan/vf-count.js";
import type { Drifted } from "../object-drift.js";
import type { DeviceInputs } from "./device-inputs.js";

/** The state of a resource: its settings, and the NIC as the agent last reported it. */
export interface DeviceOutputs extends DeviceInputs, Drifted {
  readonly deviceName: string;
  readonly interfaceName: string;
  readonly address: string;
  readonly vendorId: string;
  readonly deviceId: string;
  readonly driver: string;
  readonly totalVfs: number;
  /** Reason of the Ready condition. */
  readonly status: string;
  readonly vfAddresses: readonly string[];
  readonly vfPciDevices: readonly string[];
  readonly virtualFunctions: readonly VirtualFunctionOutput[];
  /** The field manager under which this resource owns `spec.numVFS`. Absent until it has set it. */
  readonly fieldManager?: string;
}

export interface VirtualFunctionOutput {
  readonly index: number;
  readonly address: string;
  readonly interfaceName: string;
  readonly driver: string;
  readonly pciDevice: string;
}

/** Pure. `settings` are the inputs that only the program knows. */
export function outputsOf(
  device: SriovNetworkDevice,
  settings: Partial<DeviceInputs> & { readonly numVfs: number },
  fieldManager: string | undefined,
): DeviceOutputs {
  const { status } = device;
  return {
    ...settings,
    resourceUrn: settings.resourceUrn ?? "",
    nodeName: device.spec.nodeName,
    deviceName: device.metadata.name,
    interfaceName: interfaceOf(device),
    address: device.spec.address,
    vendorId: status?.vendorId ?? "",
    deviceId: status?.deviceId ?? "",
    driver: status?.driver ?? "",
    totalVfs: status?.totalVFs ?? 0,
    status: status?.conditions?.find((condition) => condition.type === "Ready")?.reason ?? "",
    vfAddresses: status?.vfAddresses ?? [],
    vfPciDevices: status?.vfPCIDevices ?? [],
    virtualFunctions: (status?.virtualFunctions ?? []).map((vf) => ({
      index: vf.index,
      address: vf.address,
      interfaceName: vf.interfaceName ?? "",
      driver: vf.driver ?? "",
      pciDevice: vf.pciDevice,
    })),
    ...(fieldManager !== undefined && { fieldManager }),
  };
}

/** Pure: the NIC's VFs as they are, whatever its object asks for. */
export function presentVfs(device: SriovNetworkDevice): PresentVfs {
  const virtualFunctions = device.status?.virtualFunctions ?? [];
  return { numVfs: virtualFunctions.length, virtualFunctions };
}

/** The interface's name as the node has it now. */
export function interfaceOf(device: SriovNetworkDevice): string {
  return device.status?.interfaceName || (device.metadata.annotations?.[Annotation.interfaceName] ?? "");
}
