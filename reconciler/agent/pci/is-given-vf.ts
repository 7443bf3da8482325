import type { PciNames } from "../../../api/pci-device-names.js";
import type { PciFunctionDetail } from "../../kernel/kernel.js";

/**
 * Whether a network function without PF here is a VF that this machine was given by its hypervisor: nothing in it says so,
 * but its driver, or its name in the pci.ids database, or somebody who knows.
 *
 * @param listed IDs of such VFs, as `8086:1889`, in small letters.
 */
export function isGivenVf(
  found: Pick<PciFunctionDetail, "vendorId" | "deviceId" | "classId" | "driver" | "physicalFunction">,
  names: Pick<PciNames, "device">,
  listed: readonly string[],
): boolean {
  const { vendorId, deviceId, classId, driver = "", physicalFunction } = found;
  if (physicalFunction !== undefined || !classId.startsWith("02")) return false;
  return (
    listed.includes(`${vendorId}:${deviceId}`) ||
    VF_DRIVERS.has(driver) ||
    /virtual function|\bVF\b/i.test(names.device ?? "")
  );
}

/** Drivers that take nothing but VFs. Others drive PFs too, such as mlx5_core: those VFs are told by their names. */
const VF_DRIVERS: ReadonlySet<string> = new Set(["cxgb4vf", "i40evf", "iavf", "igbvf", "ixgbevf", "rvu_nicvf"]);
