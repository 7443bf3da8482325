import { type PciDeviceClaim, VFIO_DRIVER } from "../../../api/pci-device-claim.js";
import type { Impact } from "../../../plan/impact/impact.js";
import type { DeviceDialectName } from "../cluster.js";
import type { ClaimedDevice } from "./claimed-device.js";

/** What a claim does to its device, and to whom. */

/** Pure: a device that is handed to guests; `users` have it now, so that it is refused. */
export function takingImpact({ name, nodeName, address, pciDevice }: ClaimedDevice, users: readonly string[]): Impact {
  const { kernelDriverInUse: driver = "", description = "" } = pciDevice?.status ?? {};
  return {
    ...untouched(name, nodeName),
    change: `${takenFrom(driver)} (${[address, description].filter((part) => part !== "").join(", ")})`,
    inUse: users.map((usedBy) => ({ address, usedBy })),
    outcome: users.length === 0 ? "none" : "refused",
  };
}

/**
 * Pure: the device of a claim that is deleted. This project's guard refuses that while somebody has it; who has it on Harvester
 * nobody tells.
 */
export function givingImpact({ metadata, spec, status }: PciDeviceClaim, dialect: DeviceDialectName): Impact {
  const { usedBy = "", kernelDriverToUnbind: driver = "" } = status ?? {};
  return {
    ...untouched(metadata.name, spec.nodeName),
    change: driver === "" ? `given back (${spec.address})` : `given back to its driver ${driver} (${spec.address})`,
    inUse: usedBy === "" ? [] : [{ address: spec.address, usedBy }],
    outcome: usedBy !== "" ? "refused" : dialect === "harvester" ? "unknown" : "none",
  };
}

function untouched(
  object: string,
  nodeName: string,
): Pick<Impact, "object" | "kind" | "nodeName" | "destroyed" | "created"> {
  return { object, kind: "claim", nodeName, destroyed: 0, created: 0 };
}

function takenFrom(driver: string): string {
  if (driver === VFIO_DRIVER) return `the device is bound to ${VFIO_DRIVER} already, and stays so`;
  return driver === "" ? "the device has no driver" : `the device is taken from its driver ${driver}`;
}
