import { pino } from "pino";
import type { PciDevice } from "../../../../api/pci-device.js";
import { CLAIM_FINALIZER, claimReady, type PciDeviceClaim } from "../../../../api/pci-device-claim.js";
import type { KubeClient } from "../../../../kube/client.js";
import { SimulatedNode } from "../../../../lab/nodes/simulated/node.js";
import type { HardwareSpec } from "../../../../lab/nodes/simulated/hardware.js";
import { ClaimLoop } from "../../../../reconciler/agent/claims/claim-loop.js";
import type { Holder } from "../../../../reconciler/agent/usage/holders.js";
import { Turns } from "../../../../reconciler/agent/turns.js";
import { type Kernel, parsePciAddress, type PciAddress } from "../../../../reconciler/kernel/kernel.js";

export const NIC = parsePciAddress("0000:04:00.0");
export const VF = parsePciAddress("0000:04:10.2");

/** A claim's loop on simulated hardware in this process, with its object at an API server that only keeps it. */
export class ClaimBench {
  readonly hardware: SimulatedNode;
  claim: PciDeviceClaim | undefined;
  /** `Normal Bound: …`, in order. */
  readonly events: string[] = [];
  /** The reason of Ready of each status write, `held` and `let go`. */
  readonly writes: string[] = [];
  /** What is called in the kernel: `bindDriver vfio-pci`, … */
  readonly calls: string[] = [];
  holders: readonly Holder[] = [];
  silent: string | undefined;
  older: PciDeviceClaim | undefined;
  isInGuestsGroup = false;
  pciDevice: PciDevice | undefined = PCI_DEVICE;
  /** Claims of other devices, by address. */
  readonly others = new Map<string, PciDeviceClaim>();
  /** Answers in place of the kernel, where it throws. */
  before: (call: string) => void = () => undefined;
  /** What the clock is ahead. */
  aheadMs = 0;
  readonly turns = new Turns<PciAddress>();
  readonly loop: ClaimLoop;

  constructor(spec: Partial<HardwareSpec> = {}) {
    this.hardware = new SimulatedNode({ nics: [{ address: NIC, interfaces: [{ name: "eno49" }] }], ...spec });
    this.claim = {
      metadata: { name: "node1-000004102", uid: "u1", generation: 1, resourceVersion: "1" },
      spec: { address: VF, nodeName: "node1", userName: "alice" },
    };
    this.loop = this.open();
  }

  /** With two VFs. */
  static async start(spec: Partial<HardwareSpec> = {}): Promise<ClaimBench> {
    const bench = new ClaimBench(spec);
    await bench.hardware.setNumVfs(NIC, 2);
    return bench;
  }

  /** Resolves when the pass that this wakes it for has ended. */
  async pass(): Promise<void> {
    this.loop.wake();
    await this.loop.idle();
  }

  /** As the API server does while there is a finalizer. */
  delete(): void {
    const { claim } = this;
    if (claim === undefined) return;
    const deletionTimestamp = "2026-01-01T00:00:00Z";
    const generation = (claim.metadata.generation ?? 0) + 1;
    this.claim = { ...claim, metadata: { ...claim.metadata, deletionTimestamp, generation } };
  }

  get ready(): string {
    const { reason, message } = (this.claim && claimReady(this.claim)) ?? {};
    return `${reason ?? ""}: ${message ?? ""}`;
  }

  get driver(): string | undefined {
    return this.hardware.pciFunction(VF)?.driver;
  }

  private open(): ClaimLoop {
    const { hardware } = this;
    const call = async (name: string, run: () => unknown): Promise<void> => {
      this.calls.push(name);
      this.before(name);
      await run();
    };
    const kernel: Pick<Kernel, "pciFunction" | "bindDriver" | "loadDriver"> = {
      pciFunction: async (address) => {
        await Promise.resolve();
        this.before("pciFunction");
        return hardware.pciFunction(address);
      },
      bindDriver: (address, driver, options) =>
        call(`bindDriver ${driver ?? "any"}`, () => hardware.bindDriver(address, driver, options)),
      loadDriver: (driver) => call(`loadDriver ${driver}`, () => hardware.loadDriver(driver)),
    };
    return new ClaimLoop({
      kernel,
      client: { merge: ((_type, _name, patch) => Promise.resolve(this.merge(patch))) as KubeClient["merge"] },
      users: { holdersOf: () => this.holders, silent: () => this.silent, refresh: () => Promise.resolve() },
      events: {
        record: (_type, _about, { type, reason, message }) => void this.events.push(`${type} ${reason}: ${message}`),
      },
      log: pino({ enabled: false }),
      turns: this.turns,
      current: () => this.claim,
      observe: (claim) => {
        const isOver = claim.metadata.deletionTimestamp !== undefined && !claim.metadata.finalizers?.length;
        this.claim = isOver ? undefined : claim;
        this.loop.hear(claim);
      },
      older: () => this.older,
      pciDevice: () => this.pciDevice,
      nicOf: () => NIC,
      whyNeeded: () => undefined,
      claimOf: (address) => this.others.get(address),
      isToBeGivenBack: ({ status: { kernelDriverToUnbind: noted } = {} }) =>
        noted !== undefined && noted !== "vfio-pci" && !this.isInGuestsGroup,
      list: () => undefined,
      driverChanged: () => Promise.resolve(),
      now: () => Date.now() + this.aheadMs,
      deadlineMs: 1_000,
    });
  }

  private merge(patch: Readonly<Record<string, unknown>>): PciDeviceClaim {
    const { claim } = this;
    if (claim === undefined) throw new Error("there is no claim");
    if (patch["status"] === undefined) {
      const metadata = { ...claim.metadata, ...(patch["metadata"] as PciDeviceClaim["metadata"]) };
      this.writes.push(metadata.finalizers?.includes(CLAIM_FINALIZER) ? "held" : "let go");
      return { ...claim, metadata };
    }
    const patched = patch["status"] as Readonly<Record<string, unknown>>;
    const merged = Object.entries<unknown>({ ...claim.status, ...patched });
    const status = Object.fromEntries(merged.filter(([, value]) => value !== null));
    const next = { ...claim, status };
    this.writes.push(claimReady(next)?.reason ?? "");
    return next;
  }
}

const PCI_DEVICE: PciDevice = {
  metadata: { name: "node1-000004102", uid: "p1" },
  status: {
    ...{ address: VF, vendorId: "8086", deviceId: "10ed", classId: "0200", iommuGroup: "1", nodeName: "node1" },
    ...{ resourceName: "intel.com/VF", description: "", kernelDriverInUse: "ixgbevf" },
  },
};
