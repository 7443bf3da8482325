import { pciDeviceName, pciDeviceOf } from "../../../api/names.js";
import { PCI_DEVICE, type PciDevice } from "../../../api/pci-device.js";
import { waitFor } from "../../../kube/wait.js";
import { isForbidden, isKindMissing } from "../../../kube/errors.js";
import { findObject } from "../owned-object.js";
import type { Operation } from "../resource.js";
import { inTime, waitOptions } from "../waiting.js";
import type { PartialClaimInputs } from "./claim-inputs.js";

/** The device that a program means. */
export interface ClaimedDevice {
  /** Name of the PCIDevice, and of a claim of it. */
  readonly name: string;
  readonly nodeName: string;
  readonly address: string;
  /** Absent where there is none yet: functions that are no VFs may be listed only once they are claimed. */
  readonly pciDevice?: PciDevice;
}

/** Undefined where a name alone is given that does not tell, and nobody has listed such a device. */
export async function claimedDevice(
  operation: Operation,
  { pciDevice: given, nodeName, address }: PartialClaimInputs,
): Promise<ClaimedDevice | undefined> {
  const name = given ?? pciDeviceName(nodeName ?? "", address ?? "");
  const pciDevice = await pciDeviceNow(operation, name);
  const { status } = pciDevice ?? {};
  const told = status && { nodeName: status.nodeName, address: status.address };
  const meant =
    told ?? (given === undefined ? { nodeName: nodeName ?? "", address: address ?? "" } : pciDeviceOf(name));
  return meant && { name, ...meant, ...(pciDevice && { pciDevice }) };
}

/** The device once it is listed, for who can make no claim before. @throws {Error} where that takes too long. */
export async function listedDevice(operation: Operation, device: ClaimedDevice): Promise<ClaimedDevice> {
  const { name } = device;
  const devices = await operation.cluster.objects(PCI_DEVICE);
  try {
    return await waitFor(
      devices,
      () => {
        const pciDevice = devices.get(name);
        return pciDevice === undefined
          ? { state: "pending", what: `there is no PCIDevice ${name}` }
          : { state: "satisfied", result: { ...device, pciDevice } };
      },
      waitOptions(operation),
    );
  } catch (error) {
    throw inTime(operation, error, `${name}: not claimed in time`, "Nothing was created.");
  }
}

/** As watched, or as the API server has it: the watch may be a moment behind the NIC whose VF it is. */
async function pciDeviceNow({ cluster, signal }: Operation, name: string): Promise<PciDevice | undefined> {
  try {
    const watched = (await cluster.objects(PCI_DEVICE)).get(name);
    return watched?.status === undefined ? await findObject(cluster.client, PCI_DEVICE, { name }, signal) : watched;
  } catch (error) {
    // Who may not see devices claims them by what he knows of them.
    if (isForbidden(error) || isKindMissing(error)) return undefined;
    throw error;
  }
}
