import {
  NETWORK_ATTACHMENT_DEFINITION,
  type NetworkAttachmentDefinition,
} from "../../../api/network-attachment-definition.js";
import { isKindMissing, isNotFound } from "../../../kube/errors.js";
import type { Cluster } from "../cluster.js";
import type { AttachmentPlace } from "./network-outputs.js";

/** What is there now; undefined where nothing is. @throws {ApiError} where the cluster lacks the kind, too. */
export async function attachmentAt(
  { client }: Cluster,
  { namespace, name }: AttachmentPlace,
): Promise<NetworkAttachmentDefinition | undefined> {
  try {
    return await client.get(NETWORK_ATTACHMENT_DEFINITION, name, { namespace });
  } catch (error) {
    if (isNotFound(error) && !isKindMissing(error)) return undefined;
    throw error;
  }
}
