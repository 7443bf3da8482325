import type { Logger } from "pino";
import type { PciDevice } from "../../../api/pci-device.js";
import type { PciDeviceClaim } from "../../../api/pci-device-claim.js";
import type { Kernel, PciAddress, PciFunctionDetail } from "../../kernel/kernel.js";
import type { EventRecorder } from "../../service/events.js";
import type { Turns } from "../turns.js";
import type { VfUsers } from "../usage/vf-users.js";

/** What one claim's loop works with. */
export interface ClaimParts {
  readonly kernel: Pick<Kernel, "pciFunction" | "bindDriver" | "loadDriver">;
  readonly users: Pick<VfUsers, "holdersOf" | "refresh" | "silent">;
  readonly events: EventRecorder;
  readonly log: Logger;
  /** By physical function: whoever does something to one or to its VFs takes his turn. */
  readonly turns: Turns<PciAddress>;
  /** The claim as it is known now; undefined when there is none. */
  readonly current: () => PciDeviceClaim | undefined;
  /** A claim for the same device that goes before this one. */
  readonly older: (claim: PciDeviceClaim) => PciDeviceClaim | undefined;
  readonly pciDevice: (claim: PciDeviceClaim) => PciDevice | undefined;
  /** The NIC that the device is, or was, a VF of, as far as objects tell. */
  readonly nicOf: (claim: PciDeviceClaim) => PciAddress | undefined;
  /** Why the node needs the device, in words. */
  readonly whyNeeded: (found: PciFunctionDetail) => string | undefined;
  /** The claim of one of the node's functions; of several, the one that goes before the others. */
  readonly claimOf: (address: PciAddress) => PciDeviceClaim | undefined;
  /** Whether a driver of the node gets a device once its claim, which was carried out, is deleted. */
  readonly isToBeGivenBack: (claim: PciDeviceClaim) => boolean;
  /** Has the function's PCIDevice written, which is missing. */
  readonly list: (found: PciFunctionDetail) => void;
  /** Resolves when the PCIDevice tells of the driver that the function has; whoever else tells of it hears of it. */
  readonly driverChanged: (claim: PciDeviceClaim, found: PciFunctionDetail) => Promise<void>;
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly now?: () => number;
  /** How long one write to sysfs may take. */
  readonly deadlineMs: number;
}
