import type { Logger } from "pino";
import { NODE, type Node } from "../../../api/core.js";
import { type LeftOutNic, leftOutNics } from "../../../api/left-out-nic.js";
import { Label } from "../../../api/names.js";
import { EventReason, type EventRecorder } from "../service/events.js";
import type { Discovery } from "./discover.js";
import type { NodeReport } from "./node-report.js";

/** What the last scan found, and what people are told of it. */
export class Inventory {
  /** Why NICs that can have VFs are not offered, by address. */
  private skipped: ReadonlyMap<string, string> = new Map();
  /** As it was told last; undefined before the first scan of this process. */
  private told: readonly LeftOutNic[] | undefined;
  private found: NodeReport | undefined;

  constructor(
    private readonly log: Logger,
    private readonly events: EventRecorder,
  ) {}

  /** Takes in what a scan found. `node` is what an agent before this one has reported to. */
  take(discovery: Discovery, node: Node | undefined): void {
    const { devices, skipped, unusable } = discovery;
    const leftOut = [...skipped, ...unusable]
      .map(({ address, interfaceName, reason }) => ({ address, interfaceName, reason }))
      .sort((a, b) => (a.address < b.address ? -1 : 1));
    this.skipped = new Map(skipped.map(({ address, reason }) => [address, reason]));
    this.tell(leftOut, node);
    // A device that cannot be read right now may be the NIC that was offered: then nothing is taken back.
    const unsure = discovery.incomplete && node?.metadata.labels?.[Label.capable] === "true";
    this.found = { capable: devices.length > 0 || unsure, leftOut };
  }

  /** Why a NIC that has an object is not offered any more; undefined where it is, as far as is known. */
  skipReason(address: string): string | undefined {
    return this.skipped.get(address);
  }

  /** What the Node is to say; undefined before the first scan. */
  report(): NodeReport | undefined {
    return this.found;
  }

  /** In the log whatever is new to this process; as an event what the Node has not said before. */
  private tell(leftOut: readonly LeftOutNic[], node: Node | undefined): void {
    const saidBefore = this.told ?? (node === undefined ? [] : leftOutNics(node));
    for (const nic of leftOut) {
      if (!includes(this.told, nic)) this.log.info(nic, `left out: ${nameOf(nic)}: ${nic.reason}`);
      // That a NIC has no SR-IOV at all is nothing that happened.
      if (node === undefined || !this.skipped.has(nic.address) || includes(saidBefore, nic)) continue;
      const message = `${nameOf(nic)} is not offered: ${nic.reason}`;
      this.events.record(NODE, node, { type: "Normal", reason: EventReason.NicLeftOut, message });
    }
    for (const { address } of this.told ?? []) {
      if (!leftOut.some((nic) => nic.address === address)) this.log.info({ address }, "NIC not left out any more");
    }
    this.told = leftOut;
  }
}

function includes(nics: readonly LeftOutNic[] = [], { address, reason }: LeftOutNic): boolean {
  return nics.some((nic) => nic.address === address && nic.reason === reason);
}

function nameOf({ address, interfaceName }: LeftOutNic): string {
  return interfaceName === "" ? address : `${interfaceName} (${address})`;
}
