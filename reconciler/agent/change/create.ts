import type { Phase } from "./phase.js";
import { refusalBy } from "./refusal.js";

/** Makes the VFs. Those that guests are to have get no driver by themselves: `bind` gives it to them. */
export const create: Phase = async ({ kernel, nic, plan, groups, autoprobe, deadlineMs }) => {
  if (plan.to === 0) return undefined;
  const make = (): Promise<void> => kernel.setNumVfs(nic.address, plan.to, { deadlineMs });
  try {
    await (groups.anyForGuests(plan.to) ? autoprobe.without(kernel, nic, deadlineMs, make) : make());
    return undefined;
  } catch (error) {
    return refusalBy(error, nic);
  }
};
