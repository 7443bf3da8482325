import { KernelError } from "../../kernel/kernel.js";
import type { Phase } from "./phase.js";
import { refusalBy, refused } from "./refusal.js";

/** Removes every VF, which Linux asks for before another number can be made, and sees that they are gone. */
export const clear: Phase = async ({ kernel, nic, plan, deadlineMs }) => {
  if (plan.from === 0) return undefined;
  try {
    await kernel.setNumVfs(nic.address, 0, { deadlineMs });
  } catch (error) {
    // Drivers whose VFs a guest has answer with one or the other.
    if (!(error instanceof KernelError) || (error.code !== "EBUSY" && error.code !== "EPERM"))
      return refusalBy(error, nic);
    const message = `the kernel keeps the VFs, since some are in use: ${error.message}. Release them, or set the count back.`;
    return { kind: "inUse", message };
  }
  const left = (await kernel.physicalFunction(nic.address))?.numVfs ?? 0;
  if (left === 0) return undefined;
  return refused(
    `the kernel took 0 for ${nic.address} without an error, and the NIC still has ${left} ${left === 1 ? "VF" : "VFs"}. ` +
      `Somebody may have made them anew; see also the node's kernel log (dmesg).`,
  );
};
