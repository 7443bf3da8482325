import { describeImpact, readImpacts } from "../plan/impact/impact.js";
import { describeUntold, isUntold } from "../plan/impact/untold.js";
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
    const { said, failures } = await told(resource);
    const impacts = [...said, ...failures].flatMap(readImpacts);
    const lost = impacts.filter(({ inUse }) => inUse.length > 0).map((impact) => describeImpact(impact));
    const unseen = [...failures, ...said.filter((line) => isUntold(line))].filter(
      (line) => readImpacts(line).length === 0,
    );
    return [...lost, ...unseen.map((reason) => describeUntold("whether any is destroyed", reason))];
  },
};

interface Told {
  readonly said: readonly string[];
  readonly failures: readonly string[];
}

/** What the provider says of the resource to who asks for it anew: the engine tells a policy pack nothing of its state. */
async function told({ type, known, unknown, ...resource }: LookedAt): Promise<Told> {
  const said: string[] = [];
  const say = (line: string): void => void said.push(line);
  const operation = (): Operation => resource.operation({ inform: say, warn: say, status: () => undefined });
  // Check has put the address beside the interface's name: together they would be one answer too many.
  const { interfaceName, ...others } = known;
  const nic = known["address"] === undefined ? known : others;
  // Without its state a resource that was renamed does not know its own count from another's: so whose it is must not matter.
  const inputs = { ...(type === "SriovNetworkDevice" ? nic : known), forceConflicts: true };
  // Each looks at its inputs before it takes them for what their types say.
  const { failures } =
    type === "SriovNetworkDevice"
      ? await sriovNetworkDevice.check(operation, {}, inputs, unknown)
      : await sriovNetworkNodePolicy.check(operation, {}, inputs, unknown);
  return { said, failures: failures.map(({ reason }) => reason) };
}
