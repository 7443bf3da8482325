import type { ClaimRefusal } from "../../../plan/claims/claim-refusal.js";
import type { PciDeviceClaim } from "../../../api/pci-device-claim.js";
import { isPciAddress, type PciAddress, type PciFunctionDetail } from "../../kernel/kernel.js";
import { refusedByKernel } from "./binding.js";
import type { ClaimParts } from "./claim-parts.js";

/** A claim's device as the kernel has it now. */
export type Look =
  | { readonly kind: "found"; readonly found: PciFunctionDetail }
  | { readonly kind: "away" }
  | { readonly kind: "unreadable"; readonly refusal: ClaimRefusal };

/** Looks at a claim's device when it is its NIC's turn, so that nobody else changes that meanwhile. */
export class Looks {
  /** Whose turn to take: the device's own address, or that of its NIC. */
  private key: PciAddress | undefined;

  constructor(private readonly parts: Pick<ClaimParts, "kernel" | "turns" | "current" | "nicOf">) {}

  /** As `work`, which has the turn until it ends; with nothing where there is no claim with a PCI address. */
  async take<T>(work: (claim: PciDeviceClaim, look: Look) => Promise<T>): Promise<T | undefined> {
    for (;;) {
      const claim = this.parts.current();
      const address = claim?.spec.address ?? "";
      if (claim === undefined || !isPciAddress(address)) return undefined;
      const key = this.key ?? this.parts.nicOf(claim) ?? address;
      const result = await this.parts.turns.take(key, async () => {
        const look = await this.look(address);
        // Whose VF it is the kernel alone knows for sure, and it may be another's by now.
        if (look.kind === "found") this.key = look.found.physicalFunction ?? address;
        if (this.key !== undefined && this.key !== key) return undefined;
        const now = this.parts.current();
        return { done: now && (await work(now, look)) };
      });
      if (result !== undefined) return result.done;
    }
  }

  private async look(address: PciAddress): Promise<Look> {
    try {
      const found = await this.parts.kernel.pciFunction(address);
      return found === undefined ? { kind: "away" } : { kind: "found", found };
    } catch (error) {
      return { kind: "unreadable", refusal: refusedByKernel(error) };
    }
  }
}
