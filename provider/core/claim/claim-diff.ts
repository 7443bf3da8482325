import { isDeepStrictEqual } from "node:util";
import { ClaimReason } from "../../../api/pci-device-claim.js";
import type { Difference } from "../resource.js";
import type { PartialClaimInputs } from "./claim-inputs.js";
import type { ClaimOutputs } from "./claim-outputs.js";

/** Pure. `olds` is the state, `news` what check made of the program's inputs. Another device is another claim. */
export function diffClaim(
  olds: Partial<ClaimOutputs>,
  news: PartialClaimInputs,
  unknown: ReadonlySet<string>,
): Difference {
  const differs = (name: keyof PartialClaimInputs): boolean =>
    unknown.has(name) || (news[name] !== undefined && olds[name] !== news[name]);
  const replaces = (["pciDevice", "nodeName", "address"] as const).filter(differs);
  const settings = [
    "userName",
    "disableResourcePooling",
    "givenResourceName",
    "forceConflicts",
    "kubeconfig",
    "context",
  ] as const;
  const changed =
    unknown.has("resourceName") ||
    settings.some((name) => unknown.has(name) || olds[name] !== news[name]) ||
    !isDeepStrictEqual(olds.timeouts ?? {}, news.timeouts ?? {});
  const isUnclaimed = olds.status !== undefined && olds.status !== ClaimReason.Enabled;
  const unfinished = isUnclaimed || olds.taken !== undefined;
  return { changed: changed || replaces.length > 0, unfinished, replaces };
}
