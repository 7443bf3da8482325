import { isDeepStrictEqual } from "node:util";
import type { SriovNetworkDevice } from "../../../api/sriov-network-device.js";
import type { PciAddress, PhysicalFunction } from "../../kernel/kernel.js";
import { Autoprobe } from "./autoprobe.js";
import { DeviationWatch } from "./deviation.js";
import { allowedCount, requested } from "./guard.js";
import type { Refusal } from "./outcome.js";
import { type Failure, Retries } from "./retries.js";

/** One generation of one object. */
interface Identity {
  readonly uid: string;
  readonly generation: number;
}

/** What is remembered of one NIC from pass to pass. An agent that starts anew has forgotten it, and tries once more. */
export class PassMemory {
  readonly retries = new Retries();
  readonly autoprobe = new Autoprobe();
  readonly deviations = new DeviationWatch();
  private identity: Identity | undefined;
  /** What a driver made of one generation where it made fewer VFs than it was asked for. */
  private shortfall: (Identity & { readonly numVfs: number }) | undefined;

  /** Which request for another try was heard last: one that could not be taken away yet is not heard twice. */
  private tryAgain: string | undefined;

  /** The generation whose leave to destroy VFs in use was used up, until its annotation is seen to be gone. */
  private spent: Identity | undefined;

  /** A new generation, an object made anew, or somebody's request begins without what failed before. */
  meet(device: SriovNetworkDevice): void {
    if (allowedCount(device) === undefined) this.spent = undefined;
    this.heed(requested(device));
    const identity = identityOf(device);
    if (isDeepStrictEqual(identity, this.identity)) return;
    this.identity = identity;
    this.deviations.forget();
    this.retries.reset();
  }

  private heed(request: string | undefined): void {
    if (request !== undefined && request !== this.tryAgain) {
      this.shortfall = undefined;
      this.retries.reset();
    }
    this.tryAgain = request;
  }

  /** The NIC has vanished: one that comes to its place is another. */
  forgetNic(): void {
    this.deviations.forget();
    this.shortfall = undefined;
    this.retries.reset();
  }

  /** Is `device` still what was asked for when the pass began? */
  isCurrent(device: SriovNetworkDevice | undefined): boolean {
    return device !== undefined && isDeepStrictEqual(identityOf(device), this.identity);
  }

  madeFewer(device: SriovNetworkDevice, { numVfs }: PhysicalFunction): void {
    this.shortfall = { ...identityOf(device), numVfs };
  }

  /** The driver made no more for this same generation: another try would destroy those VFs and end as before. */
  isShortfall(device: SriovNetworkDevice, { numVfs }: PhysicalFunction): boolean {
    return isDeepStrictEqual(this.shortfall, { ...identityOf(device), numVfs });
  }

  /** VFs are gone, or there were none: an annotation that let them go is for no others that are made later. */
  spendAllowance(device: SriovNetworkDevice): void {
    if (allowedCount(device) !== undefined) this.spent = identityOf(device);
  }

  isAllowanceSpent(device: SriovNetworkDevice): boolean {
    return isDeepStrictEqual(this.spent, identityOf(device));
  }

  /** Resolves with when it may be tried again, in milliseconds since the epoch. */
  failed(attempt: Attempt, refusal: Refusal): number {
    return this.retries.failed(fingerprint(attempt), refusal);
  }

  pending(attempt: Attempt): Failure | undefined {
    return this.retries.count === 0 ? undefined : this.retries.pending(fingerprint(attempt));
  }
}

export interface Attempt {
  readonly device: SriovNetworkDevice;
  /** Undefined where it could not be read. */
  readonly nic: PhysicalFunction | undefined;
  readonly users: ReadonlyMap<PciAddress, string>;
}

/** All that the kernel's answer depends on, as far as can be seen from here. */
function fingerprint({ device, nic, users }: Attempt): unknown {
  const addresses = nic?.virtualFunctions.map((vf) => vf.address);
  const hardware = nic && [nic.driver, nic.totalVfs, nic.numVfs, addresses];
  return { ...identityOf(device), allowed: allowedCount(device), hardware, users: [...users] };
}

function identityOf({ metadata: { uid = "", generation = 0 } }: SriovNetworkDevice): Identity {
  return { uid, generation };
}
