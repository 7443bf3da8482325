import type { PciDevice } from "../../../api/pci-device.js";
import type { PciDeviceClaim } from "../../../api/pci-device-claim.js";
import type { Informer } from "../../../kube/informer.js";
import type { OptionalInformer } from "../../../kube/optional-informer.js";
import type { ServedKinds } from "../../../kube/served-kinds.js";
import type { PciAddress, PhysicalFunction } from "../../kernel/kernel.js";
import type { Holder } from "./holders.js";

/** Who holds VFs of this node: asked before any of them is destroyed, and told in status as `usedBy`. */
export interface VfUsers {
  /** Begins to watch; resolves once everybody who can be asked has answered. */
  start(sources: UsageSources): Promise<void>;
  /** Plurals of the kinds that could not be listed yet. */
  unknown(): readonly string[];
  /** The NIC's VFs that are in use, by address, each with who holds it, as far as is known now: `pod web/router-0`. */
  of(nic: PhysicalFunction): ReadonlyMap<PciAddress, string>;
  /** Who has one of the node's PCI functions beside those who claim it, as far as is known now. */
  holdersOf(address: PciAddress): readonly Holder[];
  /** Who has never answered though he is there, in words; what he knows of is missing from {@link of}. */
  silent(): string | undefined;
  /** Asks anew those who tell nobody when something changes, such as the kubelet. Never fails. */
  refresh(): Promise<void>;
  /** Calls `listener` when somebody took or left a VF of this node, whichever. */
  onChange(listener: () => void): void;
  stop(): Promise<void>;
}

/** What the agent watches for other reasons too; it starts and stops them. */
export interface UsageSources {
  readonly served: ServedKinds;
  readonly claims: Pick<OptionalInformer<PciDeviceClaim>, "list" | "onChange">;
  /** Of this node. */
  readonly pciDevices: Pick<Informer<PciDevice>, "list" | "onChange">;
}
