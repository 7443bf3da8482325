import { isDeepStrictEqual } from "node:util";
import { Annotation } from "../../../api/names.js";
import type { PciDevice } from "../../../api/pci-device.js";
import { CLAIM_FINALIZER, ClaimReason, type PciDeviceClaim, VFIO_DRIVER } from "../../../api/pci-device-claim.js";
import type { ClaimRefusal } from "../../../plan/claims/claim-refusal.js";
import { claimResourceName } from "../../../plan/claims/resource-name.js";
import { isPciAddress, type PciFunctionDetail } from "../../kernel/kernel.js";
import { Retries } from "../change/retries.js";
import { inWords } from "../usage/holders.js";
import { Announcer } from "./announcer.js";
import { bindForGuests, giveBack } from "./binding.js";
import type { ClaimParts } from "./claim-parts.js";
import type { ClaimOutcome } from "./claim-report.js";
import { awayWords, boundWords, duplicateWords, inUseWords, movedWords, unknownUsersWords } from "./claim-words.js";
import { GroupClaims } from "./group-claims.js";
import type { ClaimWriter } from "./claim-writer.js";
import { type Look, Looks } from "./looks.js";
import { verdict } from "./verdict.js";

/** After so many attempts a device that no driver takes back is let go without one. */
const ATTEMPTS_TO_GIVE_BACK = 3;

/** One claim carried out: each pass is a look, at most one change of a driver, and a report. */
export class ClaimReconciler {
  private readonly retries: Retries<ClaimRefusal>;
  private readonly announcer: Announcer;
  private readonly looks: Looks;
  private readonly group: GroupClaims;
  private met = "";

  constructor(
    private readonly parts: ClaimParts,
    private readonly writer: ClaimWriter,
  ) {
    this.retries = new Retries(parts.now);
    this.announcer = new Announcer(parts.events);
    this.looks = new Looks(parts);
    this.group = new GroupClaims(parts);
  }

  /** One pass. Resolves with when it is to be called again unasked, in milliseconds since the epoch. */
  reconcile(): Promise<number | undefined> {
    return this.looks.take(async (claim, look) => {
      this.meet(claim);
      return claim.metadata.deletionTimestamp === undefined ? this.take(claim, look) : this.release(claim, look);
    });
  }

  /** When to try again after a pass that failed without an answer about the device: the API server's, say. */
  retryAfterFailure(): number {
    return Date.now() + this.retries.nextPause();
  }

  /** A new generation, or a claim made anew, begins without what failed for the one before. */
  private meet({ metadata: { uid = "", generation = 0 } }: PciDeviceClaim): void {
    const identity = `${uid} ${generation}`;
    if (this.met !== identity) this.retries.reset();
    this.met = identity;
  }

  private async take(claim: PciDeviceClaim, look: Look): Promise<number | undefined> {
    const older = this.parts.older(claim);
    const { passthroughEnabled = false } = claim.status ?? {};
    const kept = { passthroughEnabled, usedBy: this.usedBy(claim) };
    if (older !== undefined) {
      return this.refuse(claim, { reason: ClaimReason.Duplicate, message: duplicateWords(claim, older) });
    }
    if (look.kind === "unreadable") return this.failed(claim, look, look.refusal, kept);
    if (look.kind === "away") {
      return this.tell(claim, { reason: ClaimReason.DeviceAway, message: awayWords(claim), ...kept });
    }
    const { found } = look;
    const moved = movedWords(claim, found);
    if (moved !== undefined) return this.tell(claim, { reason: ClaimReason.DeviceAway, message: moved, ...kept });
    const device = this.parts.pciDevice(claim);
    // Its status, and with that the name to offer it under, is written after the object itself.
    if (device?.status === undefined) {
      if (device === undefined) this.parts.list(found);
      const message = `the PCIDevice of ${found.address} is not there yet`;
      return this.tell(claim, { reason: ClaimReason.Binding, message, ...kept });
    }
    const isBound = found.driver === VFIO_DRIVER && claim.status?.kernelDriverToUnbind !== undefined;
    const name = claimResourceName(claim, { resourceName: device.status.resourceName });
    if ("problem" in name) {
      const message = `${found.address} cannot be offered: ${name.problem}`;
      return this.refuse(claim, { reason: ClaimReason.InvalidResourceName, message }, isBound ? kept : undefined);
    }
    const bound = isBound ? found : await this.bind(claim, look, device);
    return typeof bound === "object" ? this.enabled(claim, bound, device, name.resourceName) : bound;
  }

  /** Resolves with the device as it is bound, or with when it is to be tried again. */
  private async bind(
    claim: PciDeviceClaim,
    look: Look & { readonly kind: "found" },
    device: PciDevice,
  ): Promise<PciFunctionDetail | number | undefined> {
    const { kernel, users, log, deadlineMs } = this.parts;
    const { found } = look;
    const pending = this.pending(claim, look);
    if (pending !== undefined) {
      await this.refuse(claim, pending.refusal);
      return pending.until;
    }
    await users.refresh();
    const facts = { holders: users.holdersOf(found.address), silent: users.silent() };
    const groupMembers = await this.group.members(found);
    const refusal = verdict(found, { ...facts, groupMembers, management: this.parts.whyNeeded(found) });
    if (refusal !== undefined) {
      await this.refuse(claim, refusal);
      // Nobody tells when who was asked in vain would answer.
      return refusal.reason === ClaimReason.UsersUnknown ? this.retryAfterFailure() : undefined;
    }
    const from = await this.begin(claim, found, device);
    log.info({ address: found.address, from }, `${found.address}: ${from || "no driver"} → ${VFIO_DRIVER}`);
    const { found: bound, refusal: refused } = await bindForGuests(kernel, found, deadlineMs);
    if (bound !== undefined) await this.parts.driverChanged(claim, bound);
    if (refused === undefined) return bound ?? this.retryAfterFailure();
    log.warn({ address: found.address, found: bound?.driver }, `not done: ${refused.message}`);
    return this.failed(claim, look, refused);
  }

  /** Resolves with the device's old driver once it is on record, and nothing takes the claim away before it has it again. */
  private async begin(claim: PciDeviceClaim, found: PciFunctionDetail, device: PciDevice): Promise<string> {
    await this.writer.hold(claim, device);
    const { kernelDriverToUnbind: noted, virtualFunction: known } = claim.status ?? {};
    const isTaken = noted !== undefined && (found.driver === undefined || found.driver === VFIO_DRIVER);
    const driver = isTaken ? noted : (found.driver ?? "");
    const virtualFunction = asVirtualFunction(found);
    if (driver !== noted || !isDeepStrictEqual(virtualFunction, known)) {
      const message = `${found.address} is being taken from ${driver || "nobody: it has no driver"}`;
      const begun = { passthroughEnabled: false, kernelDriverToUnbind: driver, virtualFunction };
      await this.writer.report(claim, { reason: ClaimReason.Binding, message, ...begun });
    }
    return driver;
  }

  private async enabled(
    claim: PciDeviceClaim,
    found: PciFunctionDetail,
    device: PciDevice,
    resourceName: string,
  ): Promise<undefined> {
    // A claim that was brought back from a backup has none of its finalizers, say.
    await this.writer.hold(claim, device);
    await this.parts.driverChanged(claim, found);
    this.retries.reset();
    const usedBy = this.usedBy(claim);
    const refusal = await this.group.whyNotOffered(found);
    if (refusal !== undefined) {
      // Who has it keeps it, and keeps the claim from being deleted.
      const passthroughEnabled = claim.status?.passthroughEnabled === true && usedBy !== undefined;
      return this.refuse(claim, refusal, { passthroughEnabled, usedBy });
    }
    const told = { reason: ClaimReason.Enabled, message: boundWords(found, resourceName) };
    await this.tell(claim, { ...told, passthroughEnabled: true, resourceName, usedBy });
  }

  private async release(claim: PciDeviceClaim, look: Look): Promise<number | undefined> {
    if (!(claim.metadata.finalizers ?? []).includes(CLAIM_FINALIZER)) return undefined;
    const { passthroughEnabled = false } = claim.status ?? {};
    if (look.kind === "unreadable") return this.failed(claim, look, look.refusal, { passthroughEnabled });
    if (look.kind === "away" || movedWords(claim, look.found) !== undefined) return this.letGo(claim, undefined);
    const { found } = look;
    if (found.driver === VFIO_DRIVER) {
      const reason = await this.whyKept(claim, found);
      if (reason !== undefined) {
        const kept = { passthroughEnabled, usedBy: this.usedBy(claim) };
        await this.tell(claim, { reason: ClaimReason.Releasing, message: reason, ...kept });
        return this.parts.users.silent() === undefined ? undefined : this.retryAfterFailure();
      }
    }
    if (!this.isToBeGivenBack(claim, found)) return this.letGo(claim, found);
    return this.giveBack(claim, look);
  }

  private isToBeGivenBack(claim: PciDeviceClaim, found: PciFunctionDetail): boolean {
    if (!this.parts.isToBeGivenBack(claim)) return false;
    return found.driver === VFIO_DRIVER || (found.driver === undefined && claim.status?.kernelDriverToUnbind !== "");
  }

  private async giveBack(claim: PciDeviceClaim, look: Look & { readonly kind: "found" }): Promise<number | undefined> {
    const { kernel, log, deadlineMs } = this.parts;
    const { found } = look;
    const driver = claim.status?.kernelDriverToUnbind ?? "";
    const pending = this.pending(claim, look);
    if (pending !== undefined) return pending.until;
    const message = `${found.address} is being given back${driver === "" ? "" : ` to ${driver}`}`;
    // Before the driver is taken, so that nobody is offered what goes.
    await this.writer.report(claim, { reason: ClaimReason.Releasing, message, passthroughEnabled: false });
    log.info({ address: found.address, to: driver }, `${found.address}: ${VFIO_DRIVER} → ${driver || "no driver"}`);
    const given = await giveBack(kernel, found, driver, deadlineMs);
    if (given.found !== undefined) await this.parts.driverChanged(claim, given.found);
    const isHopeless = given.found?.driver === undefined && this.retries.count + 1 >= ATTEMPTS_TO_GIVE_BACK;
    if (given.refusal === undefined || isHopeless) return this.letGo(claim, given.found, given.refusal);
    log.warn({ address: found.address, found: given.found?.driver }, `not done: ${given.refusal.message}`);
    return this.failed(claim, look, given.refusal);
  }

  private async letGo(
    claim: PciDeviceClaim,
    found: PciFunctionDetail | undefined,
    refusal?: ClaimRefusal,
  ): Promise<undefined> {
    await this.writer.letGo(claim);
    this.announcer.released(claim, found, refusal);
  }

  /** Why the device of a deleted claim is not given back yet, in words. */
  private async whyKept(claim: PciDeviceClaim, found: PciFunctionDetail): Promise<string | undefined> {
    if (isReleaseAllowed(claim)) return undefined;
    const { users } = this.parts;
    await users.refresh();
    const usedBy = this.usedBy(claim);
    if (usedBy !== undefined) return inUseWords(claim, usedBy);
    const silent = users.silent();
    if (silent !== undefined) return unknownUsersWords(claim, silent);
    return this.isToBeGivenBack(claim, found) ? this.group.whyKept(found) : undefined;
  }

  private usedBy({ spec: { address } }: PciDeviceClaim): string | undefined {
    const holders = isPciAddress(address) ? this.parts.users.holdersOf(address) : [];
    return holders.length === 0 ? undefined : holders.map(inWords).join(", ");
  }

  private async refuse(
    claim: PciDeviceClaim,
    refusal: ClaimRefusal,
    kept: Pick<ClaimOutcome, "passthroughEnabled" | "usedBy"> = { passthroughEnabled: false },
  ): Promise<undefined> {
    await this.tell(claim, { ...refusal, ...kept });
  }

  private async failed(
    claim: PciDeviceClaim,
    look: Look,
    refusal: ClaimRefusal,
    kept?: Pick<ClaimOutcome, "passthroughEnabled" | "usedBy">,
  ): Promise<number> {
    const retryAt = this.retries.failed(attempt(claim, look), refusal);
    await this.refuse(claim, refusal, kept);
    return retryAt;
  }

  private pending(claim: PciDeviceClaim, look: Look) {
    return this.retries.count === 0 ? undefined : this.retries.pending(attempt(claim, look));
  }

  private async tell(claim: PciDeviceClaim, outcome: ClaimOutcome): Promise<undefined> {
    await this.writer.report(claim, outcome);
    this.announcer.told(claim, outcome);
  }
}

function asVirtualFunction({ physicalFunction, virtualFunctionIndex: index }: PciFunctionDetail) {
  return physicalFunction === undefined || index === undefined ? undefined : { physicalFunction, index };
}

/** Somebody who may said that whoever has the device need not be waited for. */
function isReleaseAllowed({ metadata }: PciDeviceClaim): boolean {
  return metadata.annotations?.[Annotation.allowDisruption] === "release";
}

/** All that the kernel's answer depends on, as far as can be seen from here. */
function attempt({ metadata }: PciDeviceClaim, look: Look): unknown {
  const { uid, generation } = metadata;
  const { driver, iommuGroup } = look.kind === "found" ? look.found : {};
  return { uid, generation, kind: look.kind, driver, iommuGroup };
}
