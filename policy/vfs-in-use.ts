import { describeImpact, readImpacts } from "../plan/impact/impact.js";
import { sriovNetworkDevice } from "../provider/core/device/sriov-network-device.js";
import { sriovNetworkNodePolicy } from "../provider/core/policy/sriov-network-node-policy.js";
import type { Operation } from "../provider/core/resource.js";
import type { LookedAt, Rule } from "./rules.js";

/** For programs that may say `onVfsInUse: "proceed"`, in stacks where nobody may. */
export const usedVfsDestroyed: Rule = {
  policy: {
    name: "no-vf-in-use-destroyed",
    description: "No virtual function is destroyed that a claim, a virtual machine or a pod uses.",
    enforcementLevel: "mandatory",
  },
  types: ["SriovNetworkDevice", "SriovNetworkNodePolicy"],
  async violations(resource) {
    const impacts = (await told(resource)).flatMap(readImpacts);
    return impacts.filter(({ inUse }) => inUse.length > 0).map((impact) => describeImpact(impact));
  },
};

/** What the provider says of the resource to who asks for it anew: the engine tells a policy pack nothing of its state. */
async function told(resource: LookedAt): Promise<string[]> {
  const lines: string[] = [];
  const say = (line: string): void => void lines.push(line);
  const operation = (): Operation => resource.operation({ inform: say, warn: say, status: () => undefined });
  const { type, known, unknown } = resource;
  // Each looks at its inputs before it takes them for what their types say.
  const { failures } =
    type === "SriovNetworkDevice"
      ? await sriovNetworkDevice.check(operation, {}, known, unknown)
      : await sriovNetworkNodePolicy.check(operation, {}, known, unknown);
  return [...lines, ...failures.map(({ reason }) => reason)];
}
