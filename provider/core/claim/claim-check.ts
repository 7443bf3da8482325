import { checkOnCluster, clusterFailure } from "../cluster-check.js";
import type { Checked, Operation } from "../resource.js";
import { type ClaimInputs, claimInputFailures, DEFAULT_USER, type PartialClaimInputs } from "./claim-inputs.js";
import { claimedDevice } from "./claimed-device.js";

/** What is known of a claim before anything is changed. */

type ClaimCheck = Checked<ClaimInputs>;

/**
 * Looks at the inputs, and at the device where they say which: adds what is known of it, refuses what cannot be handed out,
 * and says which driver it would be taken from.
 *
 * @param olds the inputs as the last check left them; empty for a new resource.
 */
export async function checkClaim(
  operation: () => Operation,
  olds: PartialClaimInputs,
  news: PartialClaimInputs,
  unknown: ReadonlySet<string>,
): Promise<ClaimCheck> {
  const failures = claimInputFailures(news, unknown);
  const inputs = withSettings(news, unknown);
  const needed = ["pciDevice", "nodeName", "address", "kubeconfig", "context"];
  if (failures.length > 0 || needed.some((name) => unknown.has(name))) return { inputs, failures };
  try {
    const looking = operation();
    return await checkOnCluster<ClaimInputs>(looking, olds, inputs, (inputs) => lookAround(looking, olds, inputs));
  } catch (error) {
    return { inputs, failures: [clusterFailure(error)] };
  }
}

function withSettings(news: PartialClaimInputs, unknown: ReadonlySet<string>): PartialClaimInputs {
  const { userName, resourceName } = news;
  return {
    ...news,
    ...(userName === undefined && !unknown.has("userName") && { userName: DEFAULT_USER }),
    ...(resourceName !== undefined && { givenResourceName: resourceName }),
  };
}

async function lookAround(
  operation: Operation,
  _olds: PartialClaimInputs,
  news: PartialClaimInputs,
): Promise<ClaimCheck> {
  const device = await claimedDevice(operation, news);
  if (device === undefined) return { inputs: news, failures: [] };
  const { name, nodeName, address } = device;
  const inputs = { ...news, claimName: name, pciDevice: name, nodeName, address };
  return { inputs, failures: [] };
}
