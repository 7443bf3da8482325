import type { SriovNetworkDevice } from "../../../api/sriov-network-device.js";
import { isKindMissing } from "../../../kube/errors.js";
import { aboveMaximumProblem } from "../../../plan/device-inputs.js";
import type { Cluster } from "../cluster.js";
import { checkOnCluster, clusterFailure } from "../cluster-check.js";
import { type DeviceInputs, inputFailures, type PartialDeviceInputs } from "./device-inputs.js";
import { foreseeCount } from "./count-foresight.js";
import { deviceKey, interfaceOf, lookUpDevice } from "./device-lookup.js";
import { deviceDialectOf } from "./dialect-of.js";
import { missingKind } from "../missing-kind.js";
import type { Checked, InputFailure, Operation } from "../resource.js";

/** What is known before anything is changed: whether the inputs can be. */

type DeviceCheck = Checked<DeviceInputs>;

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
    const looking = operation();
    return await checkOnCluster<DeviceInputs>(looking, olds, news, (inputs) =>
      lookAtDevice(looking, olds, inputs, unknown),
    );
  } catch (error) {
    return { inputs: news, failures: [...failures, clusterFailure(error)] };
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

async function lookAtDevice(
  operation: Operation,
  olds: PartialDeviceInputs,
  inputs: PartialDeviceInputs,
  unknown: ReadonlySet<string>,
): Promise<DeviceCheck> {
  const { cluster, log } = operation;
  try {
    const lookup = await lookUpDevice(cluster, { nodeName: inputs.nodeName ?? "", ...deviceKey(olds, inputs) });
    if (lookup.state === "absent") return { inputs, failures: [lookup.failure] };
    if (lookup.state === "unreported") {
      const nic = inputs.address ?? inputs.interfaceName ?? "";
      log.warn(
        `the NIC "${nic}" of node "${inputs.nodeName ?? ""}" is not discovered yet: ${lookup.why}. up waits for it.`,
      );
      return { inputs, failures: [] };
    }
    return await checkAgainstDevice(operation, lookup.device, olds, inputs, unknown);
  } catch (error) {
    if (!isKindMissing(error)) throw error;
    const { kind, kindAdvice } = await deviceDialectOf(cluster);
    log.warn(`${missingKind(kind)} up fails unless something that it installs first brings it. ${kindAdvice}`);
    return { inputs, failures: [] };
  }
}

async function checkAgainstDevice(
  operation: Operation,
  device: SriovNetworkDevice,
  olds: PartialDeviceInputs,
  news: PartialDeviceInputs,
  unknown: ReadonlySet<string>,
): Promise<DeviceCheck> {
  const { status } = device;
  const inputs: PartialDeviceInputs = {
    ...news,
    deviceName: device.metadata.name,
    address: device.spec.address,
    interfaceName: news.interfaceName ?? interfaceOf(device),
    ...(news.interfaceName !== undefined && { givenInterfaceName: news.interfaceName }),
    ...(status?.totalVFs !== undefined && { totalVfs: status.totalVFs }),
    ...(status?.vendorId !== undefined && { vendorId: status.vendorId }),
    ...(status?.deviceId !== undefined && { deviceId: status.deviceId }),
    ...(status?.driver !== undefined && { driver: status.driver }),
  };
  if (news.numVfs === undefined) return { inputs, failures: [] };
  const reason = aboveMaximumProblem(device.metadata.name, news.numVfs, status?.totalVFs);
  if (reason !== undefined) return { inputs, failures: [{ property: "numVfs", reason }] };
  const asked = { ...inputs, numVfs: news.numVfs };
  return { inputs, failures: await foreseeCount(operation, device, { olds, news: asked, unknown }) };
}
