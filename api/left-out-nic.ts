import { Annotation } from "./names.js";
import type { KubeObject } from "./object.js";

/** A NIC of a node that is not offered as a SriovNetworkDevice. */
export interface LeftOutNic {
  readonly address: string;
  /** Empty where the NIC has no interface. */
  readonly interfaceName: string;
  /** For people: why it is not listed. */
  readonly reason: string;
}

/** The NICs that the node's agent has left out, as it says on the Node; none where it says nothing that can be read. */
export function leftOutNics(node: KubeObject): readonly LeftOutNic[] {
  const text = node.metadata.annotations?.[Annotation.leftOutNics];
  if (text === undefined) return [];
  try {
    const parsed: unknown = JSON.parse(text);
    return Array.isArray(parsed) ? parsed.filter(isLeftOutNic) : [];
  } catch {
    return [];
  }
}

/** The annotation's value for these NICs. */
export function leftOutNicsAnnotation(nics: readonly LeftOutNic[]): string {
  return JSON.stringify(nics.map(({ address, interfaceName, reason }) => ({ address, interfaceName, reason })));
}

function isLeftOutNic(value: unknown): value is LeftOutNic {
  if (typeof value !== "object" || value === null) return false;
  const { address, interfaceName, reason } = value as Readonly<Record<string, unknown>>;
  return typeof address === "string" && typeof interfaceName === "string" && typeof reason === "string";
}
