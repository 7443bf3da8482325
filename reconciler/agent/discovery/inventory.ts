import type { Logger } from "pino";
import { NODE, type Node } from "../../../api/core.js";
import { type LeftOutNic, leftOutNics } from "../../../api/left-out-nic.js";
import { Label } from "../../../api/names.js";
import type { EventRecorder } from "../../service/events.js";
import { EventReason } from "../event-reason.js";
import type { Discovery } from "./discover.js";
import type { NodeReport } from "./node-report.js";

/** What the last scan found, and what people are told of it. */
export class Inventory {
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
    this.tellInLog(leftOut);
    if (node !== undefined) this.tellInEvents(skipped, node);
    this.told = leftOut;
    // A device that cannot be read right now may be the NIC that was offered: then nothing is taken back.
    const unsure = discovery.incomplete && node?.metadata.labels?.[Label.capable] === "true";
    this.found = { capable: devices.length > 0 || unsure, leftOut };
  }

  /** What the Node is to say; undefined before the first scan. */
  report(): NodeReport | undefined {
    return this.found;
  }

  private tellInLog(leftOut: readonly LeftOutNic[]): void {
    for (const nic of leftOut) {
      if (!includes(this.told, nic)) this.log.info(nic, `left out: ${nameOf(nic)}: ${nic.reason}`);
    }
    for (const nic of this.told ?? []) {
      const still = leftOut.some(({ address }) => address === nic.address);
      if (!still) this.log.info({ address: nic.address }, `not left out any more: ${nameOf(nic)}`);
    }
  }

  /** Of what can have VFs and the Node has not said before. That a NIC has no SR-IOV at all is nothing that happened. */
  private tellInEvents(skipped: readonly LeftOutNic[], node: Node): void {
    for (const nic of skipped) {
      if (includes(this.told ?? leftOutNics(node), nic)) continue;
      const message = `${nameOf(nic)} is not offered: ${nic.reason}`;
      this.events.record(NODE, node, { type: "Normal", reason: EventReason.NicLeftOut, message });
    }
  }
}

function includes(nics: readonly LeftOutNic[] = [], { address, reason }: LeftOutNic): boolean {
  return nics.some((nic) => nic.address === address && nic.reason === reason);
}

function nameOf({ address, interfaceName }: LeftOutNic): string {
  return interfaceName === "" ? address : `${interfaceName} (${address})`;
}
