import { isDeepStrictEqual } from "node:util";
import type { PciHostDevice } from "../../../api/kubevirt.js";
import { Annotation } from "../../../api/names.js";
import type { KubeObject } from "../../../api/object.js";

/** One kind of device that a virtual machine may ask for by a resource name. */
export type Entry = Pick<PciHostDevice, "pciVendorSelector" | "resourceName">;

/** The entry as the controller writes it: another than KubeVirt advertises the devices. */
export function rendered({ pciVendorSelector, resourceName }: Entry): PciHostDevice {
  return { pciVendorSelector, resourceName, externalResourceProvider: true };
}

/** To the letter what the controller writes: what differs in anything somebody else has had a hand in. */
export function isRendered(found: unknown, entry: Entry): boolean {
  return isDeepStrictEqual(found, rendered(entry));
}

/** Equal for entries that mean the same: KubeVirt reads selectors in capital and small letters alike. */
export function keyOf({ pciVendorSelector, resourceName }: Entry): string {
  return `${pciVendorSelector.toUpperCase()} ${resourceName}`;
}

/**
 * The entries that the controller has added, as the object itself says: the annotation is written together with the
 * list. One that cannot be read speaks of none, so that nothing is taken away on its word.
 */
export function ownEntries({ metadata }: KubeObject): Entry[] {
  const text = metadata.annotations?.[Annotation.permittedPciDevices];
  if (text === undefined) return [];
  const entries = new Map(parsed(text).map((entry) => [keyOf(entry), entry]));
  return [...entries.values()];
}

/** The annotation's text; undefined where there is nothing to say. */
export function ownEntriesText(entries: readonly Entry[]): string | undefined {
  if (entries.length === 0) return undefined;
  const byName = Map.groupBy(entries, ({ resourceName }) => resourceName);
  const selectors = [...byName].map(([name, own]) => [name, own.map((entry) => entry.pciVendorSelector)]);
  return JSON.stringify(Object.fromEntries(selectors));
}

function parsed(text: string): Entry[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return [];
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [];
  return Object.entries(value).flatMap(([resourceName, selectors]: [string, unknown]) =>
    (Array.isArray(selectors) ? selectors : [])
      .filter((selector) => typeof selector === "string")
      .map((pciVendorSelector) => ({ pciVendorSelector, resourceName })),
  );
}
