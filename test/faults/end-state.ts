import type { NetworkAttachmentDefinition } from "../../api/network-attachment-definition.js";
import type { Condition, KubeObject } from "../../api/object.js";
import type { SriovNetwork } from "../../api/sriov-network.js";
import type { SriovNetworkDevice } from "../../api/sriov-network-device.js";
import type { SriovNetworkNodePolicy } from "../../api/sriov-network-node-policy.js";

/** Kind, namespace and name of each object, to all that counts of it as a text. */
export type EndState = Readonly<Record<string, string>>;

export interface EndStateObjects {
  readonly devices: readonly SriovNetworkDevice[];
  readonly policies: readonly SriovNetworkNodePolicy[];
  readonly networks: readonly SriovNetwork[];
  readonly attachments: readonly NetworkAttachmentDefinition[];
}

/** What two runs must agree on. Times, uids and the numbers of generations are a run's own; that a status is current is not. */
export function endState({ devices, policies, networks, attachments }: EndStateObjects): EndState {
  const uids = new Set([...devices, ...policies, ...networks].map(({ metadata }) => metadata.uid));
  const entries = (kind: string, objects: readonly Plain[]): [string, string][] =>
    objects.map((object) => [keyOf(kind, object), JSON.stringify(plain(object, uids), undefined, 1)]);
  return Object.fromEntries(
    [
      ...entries("device", devices),
      ...entries("policy", policies),
      ...entries("network", networks),
      ...entries("attachment", attachments),
    ].sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

type Plain = KubeObject & { readonly spec?: unknown; readonly status?: unknown };

interface CurrentStatus {
  readonly observedGeneration?: number;
  readonly conditions?: readonly Condition[];
}

function keyOf(kind: string, { metadata: { namespace, name } }: KubeObject): string {
  return [kind, namespace, name].filter(Boolean).join(" ");
}

function plain({ metadata, spec, status }: Plain, uids: ReadonlySet<string | undefined>): unknown {
  const { generation, annotations, labels, ownerReferences, managedFields = [] } = metadata;
  const { observedGeneration, conditions, ...rest } = (status ?? {}) as CurrentStatus;
  const owners = ownerReferences?.map(({ kind, name, uid }) => ({
    kind,
    name,
    isNode: kind === "Node",
    isThere: uids.has(uid),
  }));
  return sorted({
    annotations,
    labels,
    owners,
    spec,
    status: rest,
    isCurrent: observedGeneration === undefined || observedGeneration === generation,
    conditions: conditions
      ?.map(({ lastTransitionTime, observedGeneration: of, ...said }) => ({
        ...said,
        isTimed: lastTransitionTime !== "",
        isCurrent: of === undefined || of === generation,
      }))
      .sort((a, b) => (a.type < b.type ? -1 : 1)),
    // Who has declared which fields decides what becomes of them later.
    declared: managedFields
      .filter(({ operation, subresource }) => operation === "Apply" && subresource === undefined)
      .map(({ manager, fieldsV1 }) => [manager, JSON.stringify(sorted(fieldsV1?.["f:spec"] ?? {}))])
      .filter(([, fields]) => fields !== "{}")
      .sort(),
  });
}

/** The same whatever order the fields came in. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  // The kernel numbers IOMMU groups as they come.
  const entries = Object.entries(value)
    .filter(([key]) => key !== "iommuGroup")
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, part]) => [key, sorted(part)]));
}
