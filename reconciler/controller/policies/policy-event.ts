import type { Condition } from "../../../api/object.js";
import { PolicyReason } from "../../../api/sriov-network-node-policy.js";
import type { ObjectEvent } from "../../service/events.js";
import type { ReportedCondition } from "./conditions.js";

/** What people should see of a policy in `kubectl describe`: what it came to, not that it is on its way. Pure. */
export function policyEvent(before: Condition | undefined, after: ReportedCondition): ObjectEvent | undefined {
  const { status, reason, message } = after;
  if (reason === PolicyReason.Configuring) return undefined;
  if (before?.reason === reason && (status === "True" || before.message === message)) return undefined;
  return { type: status === "True" ? "Normal" : "Warning", reason, message };
}
