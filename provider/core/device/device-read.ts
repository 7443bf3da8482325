import { type ApiError, isKindMissing, isNotFound } from "../../../kube/errors.js";
import type { Cluster } from "../cluster.js";
import { KindMissing } from "../missing-kind.js";
import type { Operation } from "../resource.js";
import { describeDrift, isTaken, liveCount } from "./device-drift.js";
import { type DeviceOutputs, outputsOf } from "./device-outputs.js";
import { deviceDialectOf } from "./dialect-of.js";

/**
 * The live device, or undefined where it is gone. Of a resource of a program, what has become of it since is told as
 * warnings.
 *
 * @throws {Error} where a lookup names one that is not there.
 */
export async function readDevice(
  { cluster, log, signal }: Operation,
  id: string,
  olds: Partial<DeviceOutputs>,
): Promise<DeviceOutputs | undefined> {
  await cluster.refuseStranger(olds.clusterUid);
  const dialect = await deviceDialectOf(cluster);
  try {
    const device = await dialect.live({ cluster, signal }, id);
    const uid = await cluster.uid();
    const { taken, ...known } = olds;
    const { fieldManager } = olds;
    const settings = {
      ...known,
      numVfs: liveCount(device, fieldManager),
      ...(uid !== undefined && { clusterUid: uid }),
    };
    for (const drift of describeDrift(device, olds)) log.warn(drift);
    const outputs = outputsOf(device, settings, fieldManager);
    return isTaken(device, fieldManager) ? { ...outputs, taken: ["numVFS"] } : outputs;
  } catch (error) {
    if (isKindMissing(error)) throw new KindMissing(dialect.kind, error, dialect.kindAdvice);
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
