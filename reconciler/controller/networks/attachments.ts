import { CONTROLLER_FIELD_MANAGER } from "../../../api/names.js";
import {
  NETWORK_ATTACHMENT_DEFINITION,
  type NetworkAttachmentDefinition,
} from "../../../api/network-attachment-definition.js";
import type { KubeClient } from "../../../kube/client.js";
import { isConflict, isKindMissing, isNotFound } from "../../../kube/errors.js";
import type { OptionalInformer } from "../../../kube/optional-informer.js";
import type { Place } from "./place.js";

export interface AttachmentsParts {
  readonly client: Pick<KubeClient, "apply" | "delete" | "get">;
  readonly informer: Pick<OptionalInformer<NetworkAttachmentDefinition>, "get" | "observe">;
  readonly signal: AbortSignal;
}

/** All that is read and written of attachments. A write is good for what was seen: what changed meanwhile is left as it is. */
export class Attachments {
  constructor(private readonly parts: AttachmentsParts) {}

  /** As it was last heard of. */
  known({ namespace, name }: Place): NetworkAttachmentDefinition | undefined {
    return this.parts.informer.get(name, namespace);
  }

  /** As it is now; undefined where there is none. @throws {ApiError} Above all, where there is no such kind. */
  async current({ namespace, name }: Place): Promise<NetworkAttachmentDefinition | undefined> {
    const { client, informer, signal } = this.parts;
    try {
      const found = await client.get(NETWORK_ATTACHMENT_DEFINITION, name, { namespace, signal });
      informer.observe(found);
      return found;
    } catch (error) {
      if (isNotFound(error) && !isKindMissing(error)) return undefined;
      throw error;
    }
  }

  /**
   * Makes it, or makes `existing` so. Undefined where that is not what is there any more; look again then.
   *
   * Without force where nothing is there: what somebody makes in this moment has fields of his that differ, and is refused.
   */
  async apply(
    attachment: NetworkAttachmentDefinition,
    existing: NetworkAttachmentDefinition | undefined,
  ): Promise<NetworkAttachmentDefinition | undefined> {
    const { client, informer, signal } = this.parts;
    const { uid, resourceVersion } = existing?.metadata ?? {};
    const metadata = { ...attachment.metadata, ...(existing && { uid, resourceVersion }) };
    const options = { fieldManager: CONTROLLER_FIELD_MANAGER, force: existing !== undefined, signal };
    try {
      const applied = await client.apply(NETWORK_ATTACHMENT_DEFINITION, { ...attachment, metadata }, options);
      informer.observe(applied);
      return applied;
    } catch (error) {
      if (isConflict(error)) return undefined;
      throw error;
    }
  }

  /** That one, and none that was made under its name since. */
  async remove({ metadata: { name, namespace, uid } }: NetworkAttachmentDefinition): Promise<void> {
    const { client, signal } = this.parts;
    try {
      await client.delete(NETWORK_ATTACHMENT_DEFINITION, name, { ...(namespace && { namespace }), uid, signal });
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
  }
}
