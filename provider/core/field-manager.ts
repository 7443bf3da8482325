import { createHash, randomBytes } from "node:crypto";
import { PROVIDER_FIELD_MANAGER_PREFIX } from "../../api/names.js";

/**
 * Every resource writes under a field manager of its own, so that the API server itself tells who is overruled by whom,
 * and who else wants what a resource lets go of.
 */

/**
 * A manager for a resource that is being created. The nonce keeps a replacement, or a create repeated under the same
 * URN, from sharing a manager with its predecessor, whose delete would then undo it.
 */
export function mintFieldManager(urn: string): string {
  return `${managerPrefix(urn)}${randomBytes(4).toString("hex")}`;
}

/** Was the manager minted for a resource of this URN? Not needs be this very one: a stack elsewhere can have the same URN. */
export function isMintedFrom(urn: string, manager: string): boolean {
  return manager.startsWith(managerPrefix(urn));
}

/** `"kubectl-edit"`, or `"a" and "b"`. */
export function quoteAll(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(" and ");
}

function managerPrefix(urn: string): string {
  return `${PROVIDER_FIELD_MANAGER_PREFIX}${createHash("sha256").update(urn).digest("hex").slice(0, 12)}-`;
}
