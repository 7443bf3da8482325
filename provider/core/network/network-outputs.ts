import type { SriovNetwork } from "../../../api/sriov-network.js";
import type { Drifted } from "../object-drift.js";
import type { NetworkInputs, PartialNetworkInputs } from "./network-inputs.js";
import { networkSpec, SPEC_INPUTS, type SpecInput } from "./network-spec.js";

/** The state of a resource: its settings, and where its attachment is. */
export interface NetworkOutputs extends NetworkInputs, Drifted {
  readonly attachmentNamespace: string;
  readonly networkAttachmentDefinition: string;
  /** `Attached`, or the reason why there is no attachment as the network says; empty where nobody has answered. */
  readonly status: string;
  /** The field manager under which this resource owns the object's spec. Absent until it has set it. */
  readonly fieldManager?: string;
}

/** Where the attachment of a network is. */
export interface AttachmentPlace {
  readonly namespace: string;
  readonly name: string;
}

/** Pure. `settings` are what only the program knows, and the spec as the program writes it. */
export function networkOutputs(
  network: SriovNetwork,
  settings: PartialNetworkInputs,
  status: string,
  fieldManager: string | undefined,
): NetworkOutputs {
  const { name, namespace = "" } = network.metadata;
  const place = placeOf(network);
  return {
    ...settings,
    resourceUrn: settings.resourceUrn ?? "",
    networkName: name,
    namespace,
    resourceName: network.spec.resourceName ?? "",
    attachmentNamespace: place.namespace,
    networkAttachmentDefinition: `${place.namespace}/${place.name}`,
    status,
    ...(fieldManager !== undefined && { fieldManager }),
  };
}

/** Pure. */
export function attachmentPlace(
  name: string,
  namespace: string,
  networkNamespace: string | undefined,
): AttachmentPlace {
  return { name, namespace: networkNamespace === undefined || networkNamespace === "" ? namespace : networkNamespace };
}

/** Pure: where the attachment of a network belongs. */
export function placeOf({ metadata, spec }: SriovNetwork): AttachmentPlace {
  return attachmentPlace(metadata.name, metadata.namespace ?? "", spec.networkNamespace);
}

/**
 * Pure: the settings that the live object stands for, each as the state writes it where it still means the same. Of an
 * object that the resource has made these are the fields that it has set, since others are others' to set; of one that is
 * only looked up, all.
 */
export function liveSettings(network: SriovNetwork, olds: Partial<NetworkOutputs>): PartialNetworkInputs {
  const known = networkSpec(olds);
  const live = network.spec;
  const names = SPEC_INPUTS.filter(
    (name) => live[name] !== undefined && (isOurs(olds) ? known[name] !== undefined : true),
  );
  const spec = names.map((name) => [name, isAsKnown(name) ? olds[name] : live[name]]);
  const settings = Object.entries(olds).filter(
    ([name]) => !([...SPEC_INPUTS, "taken"] as readonly string[]).includes(name),
  );
  const followed = olds.policy && { policy: { ...olds.policy, resourceName: live.resourceName ?? "" } };
  return { ...(Object.fromEntries([...settings, ...spec]) as PartialNetworkInputs), ...followed };

  function isAsKnown(name: SpecInput): boolean {
    return olds[name] !== undefined && live[name] === known[name];
  }
}

/** Only of a network that is looked up is there no manager. */
function isOurs({ fieldManager }: Partial<NetworkOutputs>): boolean {
  return fieldManager !== undefined;
}
