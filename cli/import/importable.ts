import { Annotation, RECONCILER_NAMESPACE } from "../../api/names.js";
import { SRIOV_NETWORK } from "../../api/sriov-network.js";
import type { ClaimOutputs } from "../../provider/core/claim/claim-outputs.js";
import { pciDeviceClaim } from "../../provider/core/claim/pci-device-claim.js";
import type { DeviceOutputs } from "../../provider/core/device/device-outputs.js";
import { sriovNetworkDevice } from "../../provider/core/device/sriov-network-device.js";
import type { NetworkOutputs } from "../../provider/core/network/network-outputs.js";
import { SPEC_INPUTS } from "../../provider/core/network/network-spec.js";
import { sriovNetwork } from "../../provider/core/network/sriov-network.js";
import type { PolicyOutputs } from "../../provider/core/policy/policy-outputs.js";
import { SETTINGS } from "../../provider/core/policy/policy-spec.js";
import { sriovNetworkNodePolicy } from "../../provider/core/policy/sriov-network-node-policy.js";
import type { Operation, Resource, SharedInputs } from "../../provider/core/resource.js";
import type { Importable, KindName, Properties } from "./kinds.js";
import type { Found } from "./survey.js";

/** Reads each as the provider would, so that the state and the arguments are the provider's own words. */
export async function importables(operation: Operation, found: readonly Found[]): Promise<readonly Importable[]> {
  const names = resourceNames(found);
  const read: Importable[] = [];
  for (const one of found) {
    const importable = await READERS[one.kind](operation, one, { found, names });
    // Gone since it was listed.
    if (importable !== undefined) read.push({ ...importable, kind: one.kind, id: one.id, name: nameOf(names, one) });
  }
  return read;
}

interface Surroundings {
  readonly found: readonly Found[];
  readonly names: ReadonlyMap<Found, string>;
}

type Reading = Omit<Importable, "kind" | "id" | "name">;
type Reader = (operation: Operation, found: Found, around: Surroundings) => Promise<Reading | undefined>;

const READERS: Readonly<Record<KindName, Reader>> = {
  async device(operation, found) {
    const outputs: DeviceOutputs | undefined = await stateOf(sriovNetworkDevice, operation, found);
    if (outputs === undefined) return undefined;
    const { nodeName, interfaceName, address, numVfs } = outputs;
    const nic = interfaceName === "" ? { address } : { interfaceName };
    const given = interfaceName === "" ? {} : { givenInterfaceName: interfaceName };
    const args = { nodeName, ...nic, numVfs };
    return { args, inputs: args, outputs: { ...outputs, ...given } };
  },

  async policy(operation, found) {
    const outputs: PolicyOutputs | undefined = await stateOf(sriovNetworkNodePolicy, operation, found);
    if (outputs === undefined) return undefined;
    const args = picked(outputs, ["policyName", "namespace", ...SETTINGS, "maxUnavailable"]);
    return { args, inputs: args, outputs: { ...outputs } };
  },

  async network(operation, found, around) {
    const outputs: NetworkOutputs | undefined = await stateOf(sriovNetwork, operation, found);
    if (outputs === undefined) return undefined;
    const args = picked(outputs, ["networkName", "namespace", ...SPEC_INPUTS]);
    const followed = await followedPolicy(operation, found, around);
    if (followed === undefined) return { args, inputs: args, outputs: { ...outputs } };
    const { name: policyName, namespace } = followed;
    const policy = { policyName, namespace, resourceName: outputs.resourceName };
    const { resourceName: _, ...others } = args;
    const following = { ...others, policy };
    return {
      ...{ args: following, inputs: following, outputs: { ...outputs, policy } },
      policy: nameOf(around.names, followed),
    };
  },

  async claim(operation, found, { found: all, names }) {
    const outputs: ClaimOutputs | undefined = await stateOf(pciDeviceClaim, operation, found);
    if (outputs === undefined) return undefined;
    const { givenResourceName, claimName } = outputs;
    const device = all.find(({ kind, pciDevices }) => kind === "device" && pciDevices.includes(found.id));
    const args = {
      ...picked(outputs, ["pciDevice", "userName", "disableResourcePooling"]),
      ...(givenResourceName !== undefined && { resourceName: givenResourceName }),
    };
    // A device is for one claim: without its name, check would find this one in the way.
    const inputs = { ...args, claimName };
    return { args, inputs, outputs: { ...outputs }, device: device && nameOf(names, device) };
  },
};

/** As a lookup has it: all that the object says, whoever has set it. */
async function stateOf<Inputs extends SharedInputs, Outputs extends Inputs>(
  resource: Resource<Inputs, Outputs>,
  operation: Operation,
  { id, fieldManager }: Found,
): Promise<Outputs | undefined> {
  const state = await resource.read(operation, id, {});
  if (state === undefined) return undefined;
  // Nobody has told yet which resource it will be.
  const { resourceUrn: _, ...known } = state;
  return { ...known, ...(fieldManager !== undefined && { fieldManager }) } as unknown as Outputs;
}

/** The policy that the controller keeps the network's resource name equal to, where that is imported too. */
async function followedPolicy(
  { cluster, signal }: Operation,
  { name, namespace }: Found,
  { found }: Surroundings,
): Promise<Found | undefined> {
  if ((await cluster.dialect()) !== "own") return undefined;
  const { metadata } = await cluster.client.get(SRIOV_NETWORK, name, { namespace, signal });
  const policy = metadata.annotations?.[Annotation.policy];
  return found.find((one) => one.kind === "policy" && one.name === policy && one.namespace === RECONCILER_NAMESPACE);
}

/** The object's name; with its namespace before it where that alone tells two apart. */
function resourceNames(found: readonly Found[]): ReadonlyMap<Found, string> {
  const isUnique = (one: Found): boolean =>
    !found.some((other) => other !== one && other.kind === one.kind && other.name === one.name);
  return new Map(found.map((one) => [one, isUnique(one) ? one.name : one.id.replaceAll("/", "-")]));
}

function nameOf(names: ReadonlyMap<Found, string>, found: Found): string {
  return names.get(found) ?? found.name;
}

function picked<T extends object>(from: T, names: readonly (keyof T & string)[]): Properties {
  const entries = names.map((name) => [name, from[name]] as const);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}
