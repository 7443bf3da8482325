import type { Kernel, PciAddress, PhysicalFunction } from "../../kernel/kernel.js";

/**
 * `sriov_drivers_autoprobe` of one NIC: off while VFs are made that guests are to have, so that no network driver takes
 * them first, and then as it was.
 */
export class Autoprobe {
  /** An agent that was killed while it made VFs may have left it off: after a start nobody knows. */
  private maybeLeftOff = true;

  /** Off while `make` runs, where it was on; on again also when `make` fails. */
  async without(kernel: Kernel, nic: PhysicalFunction, deadlineMs: number, make: () => Promise<void>): Promise<void> {
    if (!nic.driversAutoprobe) return make();
    this.maybeLeftOff = true;
    await kernel.setDriversAutoprobe(nic.address, false, { deadlineMs });
    try {
      await make();
    } catch (error) {
      // What could not be made says more than what could not be put back, which is tried again.
      await this.putBack(kernel, nic.address, deadlineMs).catch(() => undefined);
      throw error;
    }
    await this.putBack(kernel, nic.address, deadlineMs);
  }

  /** Is it off because this agent left it so? Asked only of NICs with VFs for guests: no other's is ever turned off. */
  isLeftOff(nic: PhysicalFunction): boolean {
    if (nic.driversAutoprobe) this.maybeLeftOff = false;
    return this.maybeLeftOff;
  }

  async putBack(kernel: Kernel, address: PciAddress, deadlineMs: number): Promise<void> {
    await kernel.setDriversAutoprobe(address, true, { deadlineMs });
    this.maybeLeftOff = false;
  }
}
