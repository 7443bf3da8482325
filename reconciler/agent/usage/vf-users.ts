import { interfaceUsers } from "./interface-users.js";
import type { PciAddress, PhysicalFunction } from "../../kernel/kernel.js";

/** Who holds VFs of this node: asked before any of them is destroyed, and told in status as `usedBy`. */
export interface VfUsers {
  /** The NIC's VFs that are in use, by address, each with who holds it, as far as is known now: `pod web/router-0`. */
  of(nic: PhysicalFunction): ReadonlyMap<PciAddress, string>;
  /** Asks anew those who tell nobody when something changes, such as the kubelet. Never fails. */
  refresh(): Promise<void>;
  /** Calls `listener` when somebody took or left a VF of this node, whichever. */
  onChange(listener: () => void): void;
}

/** What the kernel alone shows. */
export const kernelUsers: VfUsers = {
  of: interfaceUsers,
  refresh: () => Promise.resolve(),
  onChange: () => undefined,
};
