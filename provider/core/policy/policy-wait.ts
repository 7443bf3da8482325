import { isDeepStrictEqual } from "node:util";
import { isProviderFieldManager } from "../../../api/names.js";
import { READY, type SriovNetworkDevice } from "../../../api/sriov-network-device.js";
import {
  MatchedDeviceState,
  PolicyReason,
  SRIOV_NETWORK_NODE_POLICY,
  type SriovNetworkNodePolicy,
} from "../../../api/sriov-network-node-policy.js";
import type { Verdict } from "../../../kube/wait.js";
import { specOwners } from "../owned-object.js";
import type { Operation } from "../resource.js";
import { CONTROLLER } from "../silence.js";
import { awaitNics, type FailingNic } from "./nic-wait.js";

/** Waits until this project's controller reports that every NIC which the policy selects has what it asks for. */
export async function awaitPolicyReady(operation: Operation, applied: SriovNetworkNodePolicy): Promise<void> {
  const { name, namespace } = applied.metadata;
  const { cluster, log } = operation;
  const [informer, devices] = await Promise.all([
    cluster.objects(SRIOV_NETWORK_NODE_POLICY, namespace),
    cluster.devices(),
  ]);
  informer.observe(applied);
  const current = (): SriovNetworkNodePolicy | undefined => informer.get(name, namespace);
  await awaitNics(operation, {
    policy: name,
    informer,
    answerer: CONTROLLER,
    isSilent: () => !isAnswered(current() ?? applied) && current() !== undefined,
    verdict() {
      const verdict = policyVerdict(current(), applied);
      if (verdict.state !== "satisfied") return verdict;
      const failing = verdict.result.filter((nic) => !isTwins(nic, applied, informer.list(), devices.get(nic.name)));
      return { state: "satisfied", result: failing };
    },
  });
  const { matched = 0, ready = 0 } = current()?.status ?? {};
  log.status(`${ready} of ${matched} NICs ready`);
}

/** Pure: are all NICs as far as they get? Then with those that do not get what they should. */
export function policyVerdict(
  policy: SriovNetworkNodePolicy | undefined,
  applied: SriovNetworkNodePolicy,
): Verdict<readonly FailingNic[]> {
  const { name } = applied.metadata;
  if (policy === undefined || policy.metadata.uid !== applied.metadata.uid)
    return failed(`policy ${name} was deleted while it was waited for. Run up again.`);
  if (!isAnswered(policy)) return pending("waiting for the controller");
  const { matched = 0, ready = 0, matchedDevices = [], conditions = [] } = policy.status ?? {};
  const condition = conditions.find(({ type }) => type === READY);
  const waiting = matchedDevices.filter(({ state }) => UNDER_WAY.has(state));
  const failing = matchedDevices.filter(({ state }) => state !== MatchedDeviceState.Ready && !UNDER_WAY.has(state));
  switch (condition?.reason) {
    case PolicyReason.Configured:
    case PolicyReason.NothingMatched:
      return { state: "satisfied", result: [] };
    case PolicyReason.OtherNamespace:
    case PolicyReason.Invalid:
      return failed(`policy ${name}: ${condition.message}`);
    case PolicyReason.Incomplete:
      // Only behind NICs that have failed do others wait for somebody to see to these.
      if (waiting.length === 0 || failing.some(({ state }) => state === MatchedDeviceState.Failed))
        return { state: "satisfied", result: failing };
  }
  const [next] = waiting;
  const what = next === undefined ? "" : `; waiting for ${next.name}: ${next.message ?? next.state}`;
  return pending(`${ready} of ${matched} NICs ready${what}`);
}

const UNDER_WAY: ReadonlySet<string> = new Set([MatchedDeviceState.Configuring, MatchedDeviceState.Waiting]);

/**
 * Pure: does a NIC fail the policy only because another policy of Pulumi, which asks for the very same, has it? A resource
 * that was renamed without an alias, or is replaced, makes its new policy before the old one is deleted.
 */
export function isTwins(
  nic: FailingNic,
  { metadata, spec }: SriovNetworkNodePolicy,
  policies: readonly SriovNetworkNodePolicy[],
  device: SriovNetworkDevice | undefined,
): boolean {
  if (nic.state !== MatchedDeviceState.Conflict) return false;
  const holders = new Set(device?.spec.vfGroups?.map(({ policyName }) => policyName));
  return policies.some(
    (policy) =>
      policy.metadata.name !== metadata.name &&
      holders.has(policy.metadata.name) &&
      specOwners(policy).every(isProviderFieldManager) &&
      isDeepStrictEqual(policy.spec, spec),
  );
}

function isAnswered({ metadata, status }: SriovNetworkNodePolicy): boolean {
  return (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0);
}

function failed(message: string): Verdict<never> {
  return { state: "failed", error: new Error(message) };
}

function pending(what: string): Verdict<never> {
  return { state: "pending", what };
}
