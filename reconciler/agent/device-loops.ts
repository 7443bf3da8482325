import type { SriovNetworkDevice } from "../../api/sriov-network-device.js";
import { isPciAddress, type PciAddress } from "../kernel/kernel.js";
import type { DeviceLoop } from "./change/device-loop.js";

/** The reconcile loops of a node's NICs, one for each PCI address that an object has named. */
export class DeviceLoops {
  private readonly loops = new Map<PciAddress, DeviceLoop>();
  private readonly passed = new Set<string>();

  constructor(
    private readonly open: (address: PciAddress, object: SriovNetworkDevice) => DeviceLoop,
    /** A NIC has had its first pass; its object may say the same as before. */
    private readonly onFirstPass: () => void,
  ) {}

  /** The object has changed. Before the first scan nobody hears of it. */
  hear(object: SriovNetworkDevice): void {
    if (isPciAddress(object.spec.address)) this.loops.get(object.spec.address)?.hear(object);
  }

  /** The object's NIC may have changed; its loop begins where there is none yet. */
  wake(object: SriovNetworkDevice): void {
    const { address } = object.spec;
    if (!isPciAddress(address)) return;
    const known = this.loops.get(address);
    const loop = known ?? this.open(address, object);
    this.loops.set(address, loop);
    loop.wake();
    if (known === undefined) void loop.idle().then(() => this.firstPassed(address));
  }

  /** Has the object's NIC had its first pass? Until then its status may speak of before the node was restarted. */
  hasPassed({ spec }: SriovNetworkDevice): boolean {
    return this.passed.has(spec.address);
  }

  wakeAll(): void {
    for (const loop of this.loops.values()) loop.wake();
  }

  /** Resolves when no NIC has anything left to do for now. */
  async idle(): Promise<void> {
    await Promise.all([...this.loops.values()].map((loop) => loop.idle()));
  }

  /** Each ends after the pass that is under way. */
  async stop(): Promise<void> {
    await Promise.all([...this.loops.values()].map((loop) => loop.stop()));
  }

  private firstPassed(address: PciAddress): void {
    this.passed.add(address);
    this.onFirstPass();
  }
}
