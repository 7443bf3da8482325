import type { SriovNetworkDevice } from "../../../api/sriov-network-device.js";
import { isUnanswered, messageOf } from "../../../kube/errors.js";
import type { DeviceInputs } from "./device-inputs.js";
import { type DeviceOutputs, outputsOf, presentVfs } from "./device-outputs.js";
import { awaitCount, CountTaken, DeviceVanished, VfsInUse } from "./device-wait.js";
import { deviceDialectOf } from "./dialect-of.js";
import { countField, type CountOwner } from "./field-ownership.js";
import { UnsettledWrite } from "../owned-object.js";
import { type Operation, PartialFailure } from "../resource.js";

/** Changing the count of one NIC, from taking the field to the agent's answer. */

/**
 * Sets the count and returns once the NIC has its VFs. Where VFs are in use, the count is put back before it fails.
 *
 * @throws {OwnershipConflict | DisruptionRefused} and nothing was changed. @throws {PartialFailure} from then on.
 */
export async function setCount(
  operation: Operation,
  device: SriovNetworkDevice,
  inputs: DeviceInputs,
  owner: CountOwner,
): Promise<DeviceOutputs> {
  const dialect = await deviceDialectOf(operation.cluster);
  const { name } = device.metadata;
  const failed = (live: SriovNetworkDevice, message: string, cause: unknown): PartialFailure<DeviceOutputs> => {
    const outputs = outputsOf(live, { ...inputs, numVfs: live.spec.numVFS ?? 0 }, owner.fieldManager);
    return new PartialFailure(name, outputs, message, { cause });
  };
  const applied = await dialect.take(operation, device, inputs.numVfs, owner).catch((error: unknown) => {
    // A state that is kept for nothing does less harm than VFs that no state knows of.
    throw isUnanswered(error) || error instanceof UnsettledWrite ? failed(device, messageOf(error), error) : error;
  });
  // From here on the number is ours, so whatever fails below must leave a state behind.
  try {
    const ready = await dialect.settle(operation, applied, inputs.numVfs, owner);
    return outputsOf(ready, inputs, owner.fieldManager);
  } catch (error) {
    const refused = error instanceof VfsInUse;
    const note = refused ? await putBack(operation, applied, presentVfs(device).numVfs, owner) : "";
    const live = (await operation.cluster.devices()).get(name) ?? applied;
    throw failed(live, messageOf(error) + note, error);
  }
}

/** A refused change must not lie in wait until the VFs are free. Answers what there is to say of it, and never throws. */
async function putBack(
  operation: Operation,
  device: SriovNetworkDevice,
  numVfs: number,
  owner: CountOwner,
): Promise<string> {
  const { name } = device.metadata;
  operation.log.status(`putting the count back to ${numVfs}`);
  try {
    const informer = await operation.cluster.devices();
    const latest = informer.get(name) ?? device;
    // As many as there are: nothing goes, so nothing needs leave, and what was given for the change is taken back.
    const dialect = await deviceDialectOf(operation.cluster);
    informer.observe(await dialect.take(operation, latest, numVfs, { ...owner, disrupt: false }));
    return ` The count was put back to ${numVfs}.`;
  } catch (error) {
    return ` The count could not be put back to ${numVfs} (${messageOf(error)}): set ${countField(device)} of ${name} to it.`;
  }
}

/** Returns once the VFs are gone after the count was released; `before` is the device as it was until then. */
export async function awaitRelease(
  operation: Operation,
  before: SriovNetworkDevice,
  released: SriovNetworkDevice,
  olds: Partial<DeviceOutputs>,
): Promise<void> {
  const answered = (released.status?.observedGeneration ?? 0) >= (released.metadata.generation ?? 0);
  if (presentVfs(released).numVfs === 0 && answered) return;
  try {
    const dialect = await deviceDialectOf(operation.cluster);
    await awaitCount(operation, released, 0, dialect.answerer(released.spec.nodeName));
  } catch (error) {
    // Nothing is left that could have VFs of this resource.
    if (error instanceof DeviceVanished) return;
    // A policy, say, that had to stand back until now.
    if (error instanceof CountTaken) {
      operation.log.warn(error.message);
      return;
    }
    const { fieldManager, resourceUrn } = olds;
    if (!(error instanceof VfsInUse) || fieldManager === undefined) throw error;
    const { signal } = operation;
    const owner: CountOwner = { fieldManager, urn: resourceUrn ?? "", force: false, disrupt: false, signal };
    const note = await putBack(operation, released, presentVfs(before).numVfs, owner);
    throw new Error(error.message + note, { cause: error });
  }
}
