import { messageOf } from "../../kube/errors.js";
import { pciDeviceClaim } from "../../provider/core/claim/pci-device-claim.js";
import { sriovNetworkDevice } from "../../provider/core/device/sriov-network-device.js";
import { sriovNetwork } from "../../provider/core/network/sriov-network.js";
import { sriovNetworkNodePolicy } from "../../provider/core/policy/sriov-network-node-policy.js";
import type { Difference, InputFailure, Operation } from "../../provider/core/resource.js";
import type { Importable, KindName, Properties } from "./kinds.js";

/**
 * What stands between an import and a preview without changes, by the provider's own check and diff, each in a line; no
 * more than that is done.
 */
export async function foreseenTroubles(operation: Operation, imported: Importable): Promise<readonly string[]> {
  try {
    const { failures, difference } = await PREVIEWS[imported.kind](operation, imported);
    if (failures.length > 0) return failures.map(({ reason }) => `a preview will refuse it: ${reason}`);
    const { changed, unfinished, replaces } = difference;
    if (replaces.length > 0) return [`a preview will replace it, for its ${replaces.join(", ")}`];
    if (changed) return ["a preview will show a change of it"];
    const status = imported.outputs["status"];
    const state = typeof status === "string" && status !== "" ? ` (${status})` : "";
    return unfinished ? [`it is not what it is to be${state}, so that the next up goes on with it`] : [];
  } catch (error) {
    return [`what a preview will say of it is not known: ${messageOf(error)}`];
  }
}

interface Preview {
  readonly failures: readonly InputFailure[];
  readonly difference: Difference;
}

/** The part of a resource that a preview asks; its own types are those of its inputs. */
interface Previewed {
  check(
    operation: () => Operation,
    olds: Properties,
    news: Properties,
    unknown: ReadonlySet<string>,
  ): Promise<{ readonly inputs: Properties; readonly failures: readonly InputFailure[] }>;
  diff(olds: Properties, news: Properties, unknown: ReadonlySet<string>): Difference;
}

const NOTHING_UNKNOWN: ReadonlySet<string> = new Set();

const previewOf =
  (resource: Previewed) =>
  async (operation: Operation, { name, args, inputs: olds, outputs }: Importable): Promise<Preview> => {
    // Any that differ: two resources must not be taken for one.
    const news = { ...args, resourceUrn: `urn:pulumi:import::import::import::${name}` };
    const { inputs, failures } = await resource.check(() => operation, olds, news, NOTHING_UNKNOWN);
    return { failures, difference: resource.diff(outputs, inputs, NOTHING_UNKNOWN) };
  };

const PREVIEWS: Readonly<Record<KindName, (operation: Operation, imported: Importable) => Promise<Preview>>> = {
  device: previewOf(sriovNetworkDevice),
  policy: previewOf(sriovNetworkNodePolicy),
  network: previewOf(sriovNetwork),
  claim: previewOf(pciDeviceClaim),
};
