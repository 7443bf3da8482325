import { isDeepStrictEqual } from "node:util";
import type { Logger } from "pino";
import { Annotation, CONTROLLER_FIELD_MANAGER } from "../../../api/names.js";
import { READY } from "../../../api/sriov-network-device.js";
import { SRIOV_NETWORK_NODE_POLICY, type SriovNetworkNodePolicy } from "../../../api/sriov-network-node-policy.js";
import type { KubeClient } from "../../../kube/client.js";
import { isConflict, isNotFound } from "../../../kube/errors.js";
import type { EventRecorder } from "../../service/events.js";
import { type ReportedStatus, stamped } from "./conditions.js";
import { policyEvent } from "./policy-event.js";

export interface PolicyWriterParts {
  readonly client: Pick<KubeClient, "merge">;
  readonly log: Logger;
  readonly events: EventRecorder;
  /** Takes note of the object as a write has left it. */
  readonly observe: (policy: SriovNetworkNodePolicy) => void;
}

/** What the controller writes of a policy: its status, with an event where that is news, and that a permission is used up. Only where something differs. */
export class PolicyWriter {
  constructor(private readonly parts: PolicyWriterParts) {}

  async report(policy: SriovNetworkNodePolicy, reported: ReportedStatus, term: AbortSignal): Promise<void> {
    const { generation = 1, uid } = policy.metadata;
    const status = stamped(reported, generation, policy.status?.conditions ?? [], new Date());
    if (isDeepStrictEqual(policy.status, status)) return;
    await this.merge(policy, { metadata: { uid }, status }, { signal: term, subresource: "status" });
    const before = policy.status?.conditions.find(({ type }) => type === READY);
    const after = reported.conditions.find(({ type }) => type === READY);
    const event = after && policyEvent(before, after);
    if (event !== undefined) this.parts.events.record(SRIOV_NETWORK_NODE_POLICY, policy, event);
  }

  /** The policy must be as it was when it was found to be done: a permission of now is for another change. */
  async withdrawPermission(policy: SriovNetworkNodePolicy, term: AbortSignal): Promise<void> {
    const { name, uid, resourceVersion } = policy.metadata;
    const metadata = { uid, resourceVersion, annotations: { [Annotation.allowDisruption]: null } };
    await this.merge(policy, { metadata }, { signal: term });
    this.parts.log.info({ policy: name }, "the permission to destroy VFs in use is used up");
  }

  private async merge(
    { metadata: { name, namespace = "" } }: SriovNetworkNodePolicy,
    patch: Readonly<Record<string, unknown>>,
    options: { readonly signal: AbortSignal; readonly subresource?: "status" },
  ): Promise<void> {
    const { client, observe } = this.parts;
    const as = { fieldManager: CONTROLLER_FIELD_MANAGER, namespace };
    try {
      observe(await client.merge(SRIOV_NETWORK_NODE_POLICY, name, patch, { ...as, ...options }));
    } catch (error) {
      // Deleted, made anew or written since: another pass speaks of that.
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
  }
}
