import { Annotation, CONTROLLER_FIELD_MANAGER } from "../../../../api/names.js";
import type { NetworkAttachmentDefinition } from "../../../../api/network-attachment-definition.js";
import type { SriovNetwork, SriovNetworkSpec } from "../../../../api/sriov-network.js";
import { renderAttachment } from "../../../../plan/networks/render-attachment.js";
import { placeOf } from "../../../../reconciler/controller/networks/place.js";

export const CONTROLLER_NAMESPACE = "sriov-system";

/** The network `storage` in a namespace of its own, as the API server has it. */
export function network(spec: SriovNetworkSpec = {}, metadata: Partial<SriovNetwork["metadata"]> = {}): SriovNetwork {
  return {
    metadata: { name: "storage", namespace: "team", uid: "uid-1", generation: 3, ...metadata },
    spec: { resourceName: "fast", ...spec },
  };
}

/** Of a network in the controller's namespace. */
export const CENTRAL = { namespace: CONTROLLER_NAMESPACE };

/** The network's attachment as the controller has made it. */
export function attachmentOf(of: SriovNetwork): NetworkAttachmentDefinition {
  const { namespace } = placeOf(of, CONTROLLER_NAMESPACE);
  const target = { namespace, resourceName: of.spec.resourceName ?? "", resourcePrefix: "openshift.io" };
  const rendered = renderAttachment(of, target);
  if (rendered.kind === "invalid") throw new Error("the network cannot be rendered");
  return withManager(rendered.attachment, CONTROLLER_FIELD_MANAGER);
}

/** As if all that it has was applied under that field manager. */
export function withManager(of: NetworkAttachmentDefinition, manager: string): NetworkAttachmentDefinition {
  const annotations = Object.keys(of.metadata.annotations ?? {}).map((key) => [`f:${key}`, {}] as const);
  const fieldsV1 = {
    "f:metadata": { "f:annotations": Object.fromEntries(annotations) },
    "f:spec": { "f:config": {} },
  };
  return { ...of, metadata: { ...of.metadata, managedFields: [{ manager, operation: "Apply", fieldsV1 }] } };
}

export function withOwner(of: NetworkAttachmentDefinition, owner: string | undefined): NetworkAttachmentDefinition {
  const { [Annotation.ownerRef]: _, ...rest } = of.metadata.annotations ?? {};
  const annotations = { ...rest, ...(owner !== undefined && { [Annotation.ownerRef]: owner }) };
  return { ...of, metadata: { ...of.metadata, annotations } };
}
