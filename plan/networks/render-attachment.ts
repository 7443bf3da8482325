import { Annotation, SRIOV_NETWORK_API_VERSION, SRIOV_NETWORK_GROUP } from "../../api/names.js";
import {
  NETWORK_ATTACHMENT_DEFINITION,
  type NetworkAttachmentDefinition,
} from "../../api/network-attachment-definition.js";
import type { OwnerReference } from "../../api/object.js";
import { SRIOV_NETWORK, type SriovNetwork, type SriovNetworkSpec } from "../../api/sriov-network.js";
import type { InputProblem } from "../input-problem.js";
import { type Spec, problem } from "../spec-fields.js";
import { type JsonText, readCapabilities, readIpam, readMetaPlugins } from "./json-text.js";

/** Where the attachment belongs, and what pods ask for. */
export interface AttachmentTarget {
  readonly namespace: string;
  /** Of the pool, without prefix. */
  readonly resourceName: string;
  readonly resourcePrefix: string;
}

export type RenderedAttachment =
  | { readonly kind: "rendered"; readonly attachment: NetworkAttachmentDefinition }
  | { readonly kind: "invalid"; readonly problems: readonly InputProblem[] };

/** The attachment of a network: what the operator makes of it, in its order, for the CNI plugin `sriov`. */
export function renderAttachment(network: SriovNetwork, target: AttachmentTarget): RenderedAttachment {
  const { texts, problems } = readTexts(network.spec);
  if (problems.length > 0) return { kind: "invalid", problems };
  const { name } = network.metadata;
  const owners = target.namespace === network.metadata.namespace ? ownerReferences(network) : [];
  return {
    kind: "rendered",
    attachment: {
      apiVersion: NETWORK_ATTACHMENT_DEFINITION.apiVersion,
      kind: NETWORK_ATTACHMENT_DEFINITION.kind,
      metadata: {
        name,
        namespace: target.namespace,
        annotations: {
          [Annotation.resourceName]: `${target.resourcePrefix}/${target.resourceName}`,
          [Annotation.ownerRef]: ownerRef(network),
        },
        ...(owners.length === 0 ? {} : { ownerReferences: owners }),
      },
      spec: { config: JSON.stringify(cniConfig(name, network.spec, texts)) },
    },
  };
}

/** What the annotation `owner-ref` of a network's attachment says: `SriovNetwork.sriovnetwork.openshift.io/<namespace>/<name>`. */
export function ownerRef({ metadata }: SriovNetwork): string {
  return `${SRIOV_NETWORK.kind}.${SRIOV_NETWORK_GROUP}/${metadata.namespace ?? ""}/${metadata.name}`;
}

/** By them the garbage collector removes the attachment with the network; only within one namespace. */
function ownerReferences({ metadata: { name, uid } }: SriovNetwork): readonly OwnerReference[] {
  return uid === undefined ? [] : [{ apiVersion: SRIOV_NETWORK_API_VERSION, kind: SRIOV_NETWORK.kind, name, uid }];
}

/** What the properties that are JSON as texts say. */
interface Texts {
  readonly ipam: Spec | undefined;
  readonly capabilities: Spec | undefined;
  readonly metaPlugins: readonly Spec[] | undefined;
}

function readTexts(spec: SriovNetworkSpec): { readonly texts: Texts; readonly problems: readonly InputProblem[] } {
  const problems: InputProblem[] = [];
  const read = <T>(property: keyof Texts, parse: (text: string) => JsonText<T>): T | undefined => {
    const text = given(spec[property]);
    if (text === undefined) return undefined;
    const result = parse(text);
    if (result.kind === "value") return result.value;
    problems.push(problem(property, result.predicate));
    return undefined;
  };
  const texts = {
    ipam: read("ipam", readIpam),
    capabilities: read("capabilities", readCapabilities),
    metaPlugins: read("metaPlugins", readMetaPlugins),
  };
  return { texts, problems };
}

function cniConfig(name: string, spec: SriovNetworkSpec, texts: Texts): object {
  const head = { cniVersion: "1.0.0", name };
  const plugin = sriovPlugin(spec, texts);
  if (texts.metaPlugins === undefined) return { ...head, ...plugin };
  return { ...head, plugins: [plugin, ...texts.metaPlugins] };
}

/** Names and types are those of the CNI plugin: numbers as numbers, switches as words. */
function sriovPlugin(spec: SriovNetworkSpec, { ipam, capabilities }: Texts): object {
  return {
    type: "sriov",
    vlan: spec.vlan ?? 0,
    spoofchk: spec.spoofChk,
    trust: spec.trust,
    vlanQoS: spec.vlanQoS ?? 0,
    vlanProto: spec.vlanProto,
    min_tx_rate: spec.minTxRate,
    max_tx_rate: spec.maxTxRate,
    capabilities,
    link_state: spec.linkState,
    logLevel: given(spec.logLevel),
    logFile: given(spec.logFile),
    ipam: ipam ?? {},
  };
}

/** An empty text asks for nothing. */
function given(text: string | undefined): string | undefined {
  return text === "" ? undefined : text;
}
