import { isDeepStrictEqual } from "node:util";
import type { SriovNetworkDevice } from "../../api/sriov-network-device.js";
import { SRIOV_NETWORK_DEVICE } from "../../api/sriov-network-device.js";
import { ApiError, ConfigError, ConnectionError, isKindMissing, isNotFound, messageOf } from "../../kube/errors.js";
import { aboveMaximumProblem } from "../../plan/device-inputs.js";
import { describeLoss, planVfCount } from "../../plan/vf-count.js";
import type { Cluster } from "./cluster.js";
import { type DeviceInputs, inputFailures, type PartialDeviceInputs } from "./device-inputs.js";
import { awaitDevice, interfaceOf, lookUpDevice } from "./device-lookup.js";
import { type DeviceOutputs, outputsOf } from "./device-outputs.js";
import { awaitCount, VfsInUse } from "./device-wait.js";
import {
  type Claim,
  claimCount,
  conflictMessage,
  countOwners,
  foreignOwners,
  mintFieldManager,
  quoteAll,
  releaseCount,
  releaseForerunners,
} from "./field-ownership.js";
import { type InputFailure, type Operation, PartialFailure } from "./resource.js";

/** The meaning of one SriovNetworkDevice resource: how many VFs one NIC has. */

export interface DeviceCheck {
  readonly inputs: PartialDeviceInputs;
  readonly failures: readonly InputFailure[];
}

export interface DeviceDiff {
  readonly changed: boolean;
  /** Properties that make it another NIC. */
  readonly replaces: readonly string[];
}

/**
 * Looks at the inputs, and at the live object where they name one: adds what is known of it, refuses what cannot be, and
 * warns of what would be lost. Inputs that are not known yet are absent from `news` and named in `unknown`.
 *
 * @param olds the inputs as the last check left them; empty for a new resource.
 */
export async function checkDevice(
  operation: () => Operation,
  olds: PartialDeviceInputs,
  news: PartialDeviceInputs,
  unknown: ReadonlySet<string>,
): Promise<DeviceCheck> {
  const failures = inputFailures(news, unknown);
  const needed = ["nodeName", "interfaceName", "address", "kubeconfig", "context"];
  const wrong = failures.some(({ property }) => property !== "numVfs");
  if (wrong || needed.some((name) => unknown.has(name))) return { inputs: news, failures };
  try {
    const [count] = failures;
    if (count !== undefined)
      return { inputs: news, failures: [await withMaximum(operation().cluster, olds, news, count)] };
    return await checkAgainstCluster(operation(), olds, news);
  } catch (error) {
    return { inputs: news, failures: [...failures, { property: "", reason: clusterFailure(error) }] };
  }
}

/** A count that is none, with what the NIC could have, where it is known. */
async function withMaximum(
  cluster: Cluster,
  olds: PartialDeviceInputs,
  news: PartialDeviceInputs,
  failure: InputFailure,
): Promise<InputFailure> {
  const lookup = await lookUpDevice(cluster, { nodeName: news.nodeName ?? "", ...deviceKey(olds, news) });
  const max = lookup.state === "found" ? lookup.device.status?.totalVFs : undefined;
  if (lookup.state !== "found" || max === undefined) return failure;
  return { ...failure, reason: `${failure.reason}; ${lookup.device.metadata.name} supports 0 to ${max}` };
}

async function checkAgainstCluster(
  { cluster, log }: Operation,
  olds: PartialDeviceInputs,
  news: PartialDeviceInputs,
): Promise<DeviceCheck> {
  const uid = await cluster.uid();
  if (olds.clusterUid !== undefined && uid !== undefined && olds.clusterUid !== uid) {
    return { inputs: news, failures: [{ property: "", reason: otherCluster(cluster.client.config.server) }] };
  }
  const inputs: PartialDeviceInputs = { ...news, ...(uid !== undefined && { clusterUid: uid }) };
  try {
    const lookup = await lookUpDevice(cluster, { nodeName: news.nodeName ?? "", ...deviceKey(olds, news) });
    if (lookup.state === "absent") return { inputs, failures: [lookup.failure] };
    if (lookup.state === "unreported") {
      const nic = news.address ?? news.interfaceName ?? "";
      log.warn(
        `the NIC "${nic}" of node "${news.nodeName ?? ""}" is not discovered yet: ${lookup.why}. up waits for it.`,
      );
      return { inputs, failures: [] };
    }
    return checkAgainstDevice(lookup.device, olds, inputs, log);
  } catch (error) {
    if (!isKindMissing(error)) throw error;
    log.warn(`${kindMissing()} up fails unless something that it installs first, such as the reconciler, brings them.`);
    return { inputs, failures: [] };
  }
}

function checkAgainstDevice(
  device: SriovNetworkDevice,
  olds: PartialDeviceInputs,
  news: PartialDeviceInputs,
  log: Operation["log"],
): DeviceCheck {
  const { status } = device;
  const inputs: PartialDeviceInputs = {
    ...news,
    deviceName: device.metadata.name,
    address: device.spec.address,
    // The program's own name for it is kept, so that the next check can tell whether the program names another NIC.
    interfaceName: news.interfaceName ?? interfaceOf(device),
    ...(status?.totalVFs !== undefined && { totalVfs: status.totalVFs }),
    ...(status?.vendorId !== undefined && { vendorId: status.vendorId }),
    ...(status?.deviceId !== undefined && { deviceId: status.deviceId }),
    ...(status?.driver !== undefined && { driver: status.driver }),
  };
  if (news.numVfs === undefined) return { inputs, failures: [] };
  const reason = aboveMaximumProblem(device.metadata.name, news.numVfs, status?.totalVFs);
  if (reason !== undefined) return { inputs, failures: [{ property: "numVfs", reason }] };
  const loss = describeLoss(device.metadata.name, planVfCount(presentVfs(device), news.numVfs));
  if (loss !== undefined) log.warn(loss);
  const refusal = news.forceConflicts === true ? undefined : foreseenConflict(device, olds, news, news.numVfs);
  if (refusal !== undefined) log.warn(refusal);
  return { inputs, failures: [] };
}

/** What the API server would answer to the change, where somebody else owns the count. */
function foreseenConflict(
  device: SriovNetworkDevice,
  olds: PartialDeviceInputs,
  news: PartialDeviceInputs,
  numVfs: number,
): string | undefined {
  if ((device.spec.numVFS ?? 0) === numVfs) return undefined;
  // The manager of a resource that exists is not told to check, nor does an alias leave it the URN that it was minted from.
  const urn = olds.resourceUrn === undefined ? news.resourceUrn : undefined;
  const others = foreignOwners(device, urn);
  return others.length === 0 ? undefined : conflictMessage(device, numVfs, others, "foreseen");
}

/** Pure. `olds` is the state, `news` what check made of the program's inputs. */
export function diffDevice(
  olds: Partial<DeviceOutputs>,
  news: PartialDeviceInputs,
  unknown: ReadonlySet<string>,
): DeviceDiff {
  const differs = (name: keyof PartialDeviceInputs): boolean => unknown.has(name) || olds[name] !== news[name];
  const replaces: string[] = [];
  if (differs("nodeName")) replaces.push("nodeName");
  // Without an address the NIC is not discovered yet; only another name for it then tells that it is another.
  if (news.address !== undefined || unknown.has("address")) {
    if (differs("address")) replaces.push("address");
  } else if (differs("interfaceName")) replaces.push("interfaceName");
  const settings = ["numVfs", "onVfsInUse", "forceConflicts", "kubeconfig", "context"] as const;
  const changed = settings.some(differs) || !isDeepStrictEqual(olds.timeouts ?? {}, news.timeouts ?? {});
  return { changed: changed || replaces.length > 0, replaces };
}

/** Adopts the object that the agent discovered, and returns once the NIC has its VFs. @throws {PartialFailure} */
export async function createDevice(
  operation: Operation,
  inputs: DeviceInputs,
): Promise<{ readonly id: string; readonly outputs: DeviceOutputs }> {
  await devicesOrAdvice(operation);
  const device = await awaitDevice(operation, inputs);
  const claim = claimOf(inputs, mintFieldManager(inputs.resourceUrn), operation);
  const outputs = await setCount(operation, device, inputs, claim);
  return { id: device.metadata.name, outputs };
}

/** Sets another count, or only takes over other settings. @throws {PartialFailure} */
export async function updateDevice(
  operation: Operation,
  id: string,
  olds: Partial<DeviceOutputs>,
  inputs: DeviceInputs,
): Promise<DeviceOutputs> {
  await devicesOrAdvice(operation);
  const device = await awaitDevice(operation, { nodeName: inputs.nodeName, ...deviceKey(olds, inputs) });
  if (device.metadata.name !== id) operation.log.warn(`${id} is called ${device.metadata.name} now`);
  const claim = claimOf(inputs, olds.fieldManager ?? mintFieldManager(inputs.resourceUrn), operation);
  return setCount(operation, device, inputs, claim);
}

/** The live device, or undefined where it is gone. @throws {Error} where a lookup names one that is not there. */
export async function readDevice(
  { cluster, signal }: Operation,
  id: string,
  olds: Partial<DeviceOutputs>,
): Promise<DeviceOutputs | undefined> {
  const uid = await cluster.uid();
  if (olds.clusterUid !== undefined && uid !== undefined && uid !== olds.clusterUid) {
    throw new Error(otherCluster(cluster.client.config.server));
  }
  try {
    const device = await cluster.client.get(SRIOV_NETWORK_DEVICE, id, { signal });
    const settings = { ...olds, numVfs: device.spec.numVFS ?? 0, ...(uid !== undefined && { clusterUid: uid }) };
    return outputsOf(device, settings, olds.fieldManager);
  } catch (error) {
    if (isKindMissing(error)) throw new Error(kindMissing(), { cause: error });
    if (!isNotFound(error)) throw error;
    // A lookup of a program has no state yet. Pulumi would take an empty answer to it for a device without properties.
    if (olds.deviceName === undefined) throw await noSuchDevice(cluster, id, error);
    return undefined;
  }
}

async function noSuchDevice(cluster: Cluster, id: string, cause: ApiError): Promise<Error> {
  const names = (await cluster.devices()).list().map((device) => device.metadata.name);
  const known = names.length === 0 ? "none" : names.sort().join(", ");
  return new Error(`there is no SriovNetworkDevice "${id}"; the cluster's are: ${known}`, { cause });
}

/** Lets go of the count, and returns once the VFs are gone, or at once where somebody else still wants them. */
export async function deleteDevice(operation: Operation, id: string, olds: Partial<DeviceOutputs>): Promise<void> {
  const { cluster, log, signal } = operation;
  const uid = await cluster.uid();
  if (olds.clusterUid !== undefined && uid !== undefined && uid !== olds.clusterUid) {
    throw new Error(otherCluster(cluster.client.config.server));
  }
  try {
    const device = await cluster.client.get(SRIOV_NETWORK_DEVICE, id, { signal });
    if (device.spec.address !== (olds.address ?? device.spec.address)) return;
    const released =
      olds.fieldManager === undefined ? device : await releaseCount(cluster.client, device, olds.fieldManager, signal);
    if (stillOwned(released)) log.warn(keptMessage(released));
    else await awaitRelease(operation, device, released, olds);
  } catch (error) {
    // Neither without its kind nor without the object is there anything left to give back.
    if (!isNotFound(error)) throw error;
  }
}

async function setCount(
  operation: Operation,
  device: SriovNetworkDevice,
  inputs: DeviceInputs,
  claim: Claim,
): Promise<DeviceOutputs> {
  const { client } = operation.cluster;
  const { name } = device.metadata;
  const applied = await claimCount(client, device, inputs.numVfs, claim);
  // From here on the number is ours, so whatever fails below must leave a state behind.
  try {
    await releaseForerunners(client, applied, claim);
    return outputsOf(await awaitCount(operation, applied, inputs.numVfs), inputs, claim.fieldManager);
  } catch (error) {
    const before = presentVfs(device).numVfs;
    const refused = error instanceof VfsInUse ? await putBack(operation, applied, before, claim) : undefined;
    const live = refused ?? (await operation.cluster.devices()).get(name) ?? applied;
    const numVfs = live.spec.numVFS ?? 0;
    const putBackNote = refused === undefined ? "" : ` The count was put back to ${numVfs}.`;
    const outputs = outputsOf(live, { ...inputs, numVfs }, claim.fieldManager);
    throw new PartialFailure(name, outputs, messageOf(error) + putBackNote, { cause: error });
  }
}

/** A refused change must not lie in wait until the VFs are free. */
async function putBack(
  operation: Operation,
  device: SriovNetworkDevice,
  numVfs: number,
  claim: Claim,
): Promise<SriovNetworkDevice> {
  operation.log.status(`putting the count back to ${numVfs}`);
  const live = (await operation.cluster.devices()).get(device.metadata.name) ?? device;
  return claimCount(operation.cluster.client, live, numVfs, claim);
}

async function awaitRelease(
  operation: Operation,
  before: SriovNetworkDevice,
  released: SriovNetworkDevice,
  olds: Partial<DeviceOutputs>,
): Promise<void> {
  const answered = (released.status?.observedGeneration ?? 0) >= (released.metadata.generation ?? 0);
  if (presentVfs(released).numVfs === 0 && answered) return;
  try {
    await awaitCount(operation, released, 0);
  } catch (error) {
    const { fieldManager, resourceUrn } = olds;
    if (!(error instanceof VfsInUse) || fieldManager === undefined) throw error;
    const claim: Claim = { fieldManager, urn: resourceUrn ?? "", force: false, signal: operation.signal };
    const { spec } = await putBack(operation, released, before.spec.numVFS ?? 0, claim);
    throw new Error(`${error.message} The count was put back to ${spec.numVFS ?? 0}.`, { cause: error });
  }
}

function stillOwned(device: SriovNetworkDevice): boolean {
  return countOwners(device).length > 0 && (device.spec.numVFS ?? 0) > 0;
}

function keptMessage(device: SriovNetworkDevice): string {
  const owners = quoteAll(countOwners(device).map((entry) => entry.manager ?? "unknown"));
  return (
    `${device.metadata.name} keeps ${device.spec.numVFS ?? 0} VFs: field manager ${owners} owns spec.numVFS too. ` +
    `To remove them, have it let go of the number, or set it to 0 with kubectl.`
  );
}

/** The NIC that the resource has been about stays its NIC while the program names it the same, whatever it is called. */
function deviceKey(
  olds: PartialDeviceInputs | Partial<DeviceOutputs>,
  news: PartialDeviceInputs,
): { interfaceName?: string; address?: string } {
  const same = olds.nodeName === news.nodeName && olds.interfaceName === news.interfaceName;
  const address = news.address ?? (same ? olds.address : undefined);
  return {
    ...(news.interfaceName !== undefined && { interfaceName: news.interfaceName }),
    ...(address !== undefined && { address }),
  };
}

function presentVfs(device: SriovNetworkDevice): Parameters<typeof planVfCount>[0] {
  const virtualFunctions = device.status?.virtualFunctions ?? [];
  return { numVfs: virtualFunctions.length, virtualFunctions };
}

function claimOf(inputs: DeviceInputs, fieldManager: string, { signal }: Operation): Claim {
  return { fieldManager, urn: inputs.resourceUrn, force: inputs.forceConflicts ?? false, signal };
}

async function devicesOrAdvice({ cluster }: Operation): Promise<void> {
  try {
    await cluster.devices();
  } catch (error) {
    if (!isKindMissing(error)) throw error;
    throw new Error(
      `${kindMissing()} Install the reconciler; where the same program does, add it to this resource's dependsOn.`,
      { cause: error },
    );
  }
}

function kindMissing(): string {
  return (
    "the cluster does not know the kind SriovNetworkDevice: the CustomResourceDefinition " +
    "sriovnetworkdevices.devices.harvesterhci.io is not installed."
  );
}

function otherCluster(server: string): string {
  return (
    `this resource belongs to another cluster than ${server}: the uid of the namespace kube-system differs. Point the ` +
    `program at the cluster it was deployed to, or use another stack for this one.`
  );
}

function clusterFailure(error: unknown): string {
  if (error instanceof ConfigError || error instanceof ConnectionError || error instanceof ApiError)
    return error.message;
  throw error;
}
