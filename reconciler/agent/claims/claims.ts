import type { Logger } from "pino";
import { Label, labelValue } from "../../../api/names.js";
import type { KubeObject } from "../../../api/object.js";
import type { PciDevice } from "../../../api/pci-device.js";
import { claimReady, type PciDeviceClaim, VFIO_DRIVER } from "../../../api/pci-device-claim.js";
import type { SriovNetworkDevice } from "../../../api/sriov-network-device.js";
import type { KubeClient } from "../../../kube/client.js";
import { isPciAddress, type Kernel, type PciAddress, type PciFunctionDetail } from "../../kernel/kernel.js";
import type { EventRecorder } from "../../service/events.js";
import type { Eligibility } from "../change/report.js";
import { VfGroups } from "../change/vf-groups.js";
import type { Turns } from "../turns.js";
import type { VfUsers } from "../usage/vf-users.js";
import type { Watches } from "../watches.js";
import { ClaimLoop, type ClaimLoopParts } from "./claim-loop.js";

export interface ClaimsParts {
  readonly client: KubeClient;
  readonly kernel: Kernel;
  readonly log: Logger;
  readonly users: VfUsers;
  readonly events: EventRecorder;
  readonly watches: Pick<Watches, "claims" | "pciDevices">;
  readonly turns: Turns<PciAddress>;
  /** The node's SriovNetworkDevices. */
  readonly nics: () => readonly SriovNetworkDevice[];
  /** Has a NIC looked at, and its VFs listed; without one, the rest of the node. */
  readonly lookAt: (nic: SriovNetworkDevice | undefined) => void;
  readonly tellDriver: (pciDevice: PciDevice, driver: string) => Promise<void>;
  /** Why the node needs a function, in words. */
  readonly whyNeeded: (found: PciFunctionDetail) => string | undefined;
  /** A claim has had its first pass; its status may say the same as before. */
  readonly onFirstPass: () => void;
}

export interface ClaimsOptions {
  readonly nodeName: string;
  readonly writeDeadlineMs: number;
}

/** The claims of one node's PCI functions, each with a loop of its own. */
export class Claims {
  private readonly loops = new Map<string, ClaimLoop>();
  private begun = false;

  constructor(
    private readonly parts: ClaimsParts,
    private readonly options: ClaimsOptions,
  ) {
    const { claims, pciDevices } = parts.watches;
    claims.onChange((change) => {
      const { kind, object } = change;
      if (kind === "gone") this.forget(object);
      else if (this.begun && this.isOurs(object)) this.loopOf(object).hear(object);
      if (this.isOurs(object) && (kind === "gone" || isTurned(object, change.previous))) this.wakeGroup(object);
    });
    // A claim has the name of its PCIDevice, which tells that the device came, went or got another driver.
    pciDevices.onChange((change) => {
      const { kind, object } = change;
      this.loops.get(object.metadata.name)?.wake();
      const before = kind === "set" ? change.previous?.status?.kernelDriverInUse : undefined;
      if (before !== object.status?.kernelDriverInUse) this.wakeGroup(object);
    });
  }

  /** The hardware is known, or known anew. Nothing is done before. */
  begin(): void {
    this.begun = true;
    this.wake();
  }

  /** The hardware, or who uses it, may have changed. */
  wake(): void {
    if (this.begun) for (const claim of this.list()) this.loopOf(claim).wake();
  }

  /** The NIC at this address may have changed, and with it whether it may be claimed itself. */
  wakeNic(address: string): void {
    for (const claim of this.list()) if (claim.spec.address === address) this.loops.get(claim.metadata.name)?.wake();
  }

  /** Of a claim or a PCIDevice: others of its IOMMU group wait for it, or must not be offered beside it. */
  private wakeGroup({ metadata: { name } }: KubeObject): void {
    const groupOf = (device: string) => this.parts.watches.pciDevices.get(device)?.status?.iommuGroup ?? "";
    const group = groupOf(name);
    if (group === "") return;
    for (const [other, loop] of this.loops) if (other !== name && groupOf(other) === group) loop.wake();
  }

  /** What a NIC's condition Eligible says where the NIC itself is claimed, and not any of its VFs. */
  eligibilityOf(address: PciAddress): Eligibility | undefined {
    const claim = this.list().find(
      (it) => it.spec.address === address && it.status?.kernelDriverToUnbind !== undefined,
    );
    if (claim === undefined) return undefined;
    const message = `the NIC itself is for virtual machines, by claim ${claim.metadata.name} of ${claim.spec.userName}`;
    return { eligible: false, reason: "Claimed", message };
  }

  /** Resolves when no claim has anything left to do for now. */
  async idle(): Promise<void> {
    await Promise.all([...this.loops.values()].map((loop) => loop.idle()));
  }

  /** Each ends after the pass that is under way. */
  async stop(): Promise<void> {
    await Promise.all([...this.loops.values()].map((loop) => loop.stop()));
  }

  /** Those of this node. */
  list(): PciDeviceClaim[] {
    return this.parts.watches.claims.list().filter((claim) => this.isOurs(claim));
  }

  /** Those of the cluster, without what they say of their device as long as that is from before the node was restarted. */
  looked(): PciDeviceClaim[] {
    return this.parts.watches.claims.list().map((claim) => {
      if (!this.isOurs(claim) || this.loops.get(claim.metadata.name)?.hasPassed) return claim;
      return { ...claim, status: { ...claim.status, conditions: [] } };
    });
  }

  private isOurs({ spec }: PciDeviceClaim): boolean {
    return spec.nodeName === this.options.nodeName;
  }

  private loopOf({ metadata: { name }, spec: { address } }: PciDeviceClaim): ClaimLoop {
    const loop = this.loops.get(name) ?? this.open(name, address);
    this.loops.set(name, loop);
    return loop;
  }

  private forget({ metadata: { name }, spec: { address } }: PciDeviceClaim): void {
    void this.loops.get(name)?.stop();
    if (!this.loops.delete(name)) return;
    // A NIC that was claimed itself may be configured again; a younger claim may have the device.
    const nic = this.nicAt(address);
    if (nic !== undefined) this.parts.lookAt(nic);
    this.wakeNic(address);
  }

  private open(name: string, address: string): ClaimLoop {
    const { client, kernel, users, events, log, turns, watches, whyNeeded } = this.parts;
    const loopParts: ClaimLoopParts = {
      ...{ client, kernel, users, events, turns, whyNeeded },
      log: log.child({ address, claim: name }),
      current: () => watches.claims.get(name),
      observe: (claim) => watches.claims.observe(claim),
      older: (claim) => this.olderThan(claim),
      pciDevice: () => watches.pciDevices.get(name),
      nicOf: (claim) => this.nicOf(claim),
      claimOf: (address) => this.claimOf(address),
      isToBeGivenBack: (claim) => this.isToBeGivenBack(claim),
      list: (found) => this.parts.lookAt(this.nicWith(found)),
      driverChanged: (_claim, found) => this.driverChanged(name, found),
      deadlineMs: this.options.writeDeadlineMs,
    };
    return new ClaimLoop(loopParts, this.parts.onFirstPass);
  }

  private olderThan(claim: PciDeviceClaim): PciDeviceClaim | undefined {
    return this.list()
      .filter(({ metadata, spec }) => metadata.uid !== claim.metadata.uid && spec.address === claim.spec.address)
      .find((other) => ageOf(other) < ageOf(claim));
  }

  private nicOf({ metadata: { name }, status }: PciDeviceClaim): PciAddress | undefined {
    const known = status?.virtualFunction?.physicalFunction;
    const parent = this.parts.watches.pciDevices.get(name)?.metadata.labels?.[Label.parentDevice];
    const named = this.parts.nics().find((nic) => labelValue(nic.metadata.name) === parent);
    const address = known ?? named?.spec.address;
    return address !== undefined && isPciAddress(address) ? address : undefined;
  }

  private claimOf(address: string): PciDeviceClaim | undefined {
    const [oldest] = this.list()
      .filter(({ spec }) => spec.address === address)
      .sort((a, b) => (ageOf(a) < ageOf(b) ? -1 : 1));
    return oldest;
  }

  private isToBeGivenBack({ status }: PciDeviceClaim): boolean {
    const { kernelDriverToUnbind: noted, virtualFunction: vf } = status ?? {};
    // Somebody else had bound it to that before.
    if (noted === undefined || noted === VFIO_DRIVER) return false;
    const nic = vf && this.nicAt(vf.physicalFunction);
    // A VF of a group that guests have, whoever claims it, would be bound again at once.
    return vf === undefined || nic === undefined || new VfGroups(nic, new Map()).of(vf)?.deviceType !== VFIO_DRIVER;
  }

  /** The NIC that the function is a VF of, where that has an object. */
  private nicWith({ physicalFunction }: PciFunctionDetail): SriovNetworkDevice | undefined {
    return physicalFunction && this.nicAt(physicalFunction);
  }

  private nicAt(address: string): SriovNetworkDevice | undefined {
    return this.parts.nics().find(({ spec }) => spec.address === address);
  }

  private async driverChanged(name: string, found: PciFunctionDetail): Promise<void> {
    const device = this.parts.watches.pciDevices.get(name);
    const driver = found.driver ?? "";
    if (device === undefined || device.status?.kernelDriverInUse === driver) return;
    await this.parts.tellDriver(device, driver);
    const nic = this.nicWith(found) ?? this.nicAt(found.address);
    if (nic !== undefined) this.parts.lookAt(nic);
  }
}

/** Does it say something else of what becomes of its device? */
function isTurned(claim: PciDeviceClaim, previous: PciDeviceClaim | undefined): boolean {
  const isDeleted = (it?: PciDeviceClaim): boolean => it?.metadata.deletionTimestamp !== undefined;
  if (previous === undefined || isDeleted(claim) !== isDeleted(previous)) return true;
  return claimReady(claim)?.reason !== claimReady(previous)?.reason;
}

/** Claims of the same age by name. */
function ageOf({ metadata: { creationTimestamp = "", name } }: PciDeviceClaim): string {
  return `${creationTimestamp} ${name}`;
}
