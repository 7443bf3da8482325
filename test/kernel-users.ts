import { interfaceUsers } from "../reconciler/agent/usage/interface-users.js";
import type { VfUsers } from "../reconciler/agent/usage/vf-users.js";

/** Users of VFs as the kernel alone shows them, for an agent that is to ask nobody else. */
export const kernelUsers: VfUsers = {
  start: () => Promise.resolve(),
  unknown: () => [],
  silent: () => undefined,
  of: interfaceUsers,
  holdersOf: () => [],
  refresh: () => Promise.resolve(),
  onChange: () => undefined,
  stop: () => Promise.resolve(),
};
