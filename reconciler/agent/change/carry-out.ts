import { bind } from "./bind.js";
import { clear } from "./clear.js";
import { create } from "./create.js";
import { setNicMtu } from "./mtu.js";
import type { Refusal } from "./outcome.js";
import type { Phase, Work } from "./phase.js";

/** What is done in the kernel, in this order. */
const PHASES: readonly Phase[] = [clear, setNicMtu, create, bind];

/** Ends at the first refusal; what the NIC has then is for the caller to read. */
export async function carryOut(work: Work): Promise<Refusal | undefined> {
  for (const phase of PHASES) {
    const refusal = await phase(work);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}
