import { rescan } from "../../../integration/agent/agent-process.js";
import type { Nic } from "../../nics.js";

/** Has a process in another network namespace use a VF, and waits until the NIC's object says so. */
export async function occupy(nic: Nic, index: number): Promise<void> {
  const used = (await nic.device()).status?.vfAddresses?.[index] ?? "";
  await nic.node.hardware.setInterfaceElsewhere(used, true);
  rescan(nic.lab.run, nic.node);
  await nic.until("in use", ({ status }) => status?.virtualFunctions?.[index]?.usedBy !== undefined);
}
