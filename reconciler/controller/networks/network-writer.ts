import { isDeepStrictEqual } from "node:util";
import { CONTROLLER_FIELD_MANAGER } from "../../../api/names.js";
import { SRIOV_NETWORK, type SriovNetwork, type SriovNetworkStatus } from "../../../api/sriov-network.js";
import type { KubeClient } from "../../../kube/client.js";
import { isConflict, isNotFound } from "../../../kube/errors.js";
import type { Informer } from "../../../kube/informer.js";
import { policyNameOf } from "./decide.js";
import type { NetworkOutcome } from "./outcome.js";
import { reportOutcome, statusPatch } from "./report.js";

export interface NetworkWriterParts {
  readonly client: Pick<KubeClient, "apply" | "merge">;
  readonly networks: Pick<Informer<SriovNetwork>, "get" | "observe">;
}

/** All that is written to networks: only where something differs. */
export class NetworkWriter {
  /** What was last written to each network, by its uid. */
  private readonly written = new Map<string, Heard>();

  constructor(private readonly parts: NetworkWriterParts) {}

  /**
   * Is the network as a write of its status has left it, in all that matters? Word of that is no reason for another look:
   * a refusal in words that change each time would be tried again at once, for ever.
   */
  isOwnWord(network: SriovNetwork): boolean {
    return isDeepStrictEqual(this.written.get(network.metadata.uid ?? ""), heard(network));
  }

  /** The network's resource name is to be this one, whoever has set another: its annotation asks for that. */
  async fill({ metadata }: SriovNetwork, resourceName: string, signal: AbortSignal): Promise<void> {
    const { client, networks } = this.parts;
    const { name, namespace, uid } = metadata;
    const wanted = { metadata: { name, ...(namespace && { namespace }), uid }, spec: { resourceName } };
    const options = { fieldManager: CONTROLLER_FIELD_MANAGER, force: true, signal };
    try {
      networks.observe(await client.apply(SRIOV_NETWORK, wanted, options));
    } catch (error) {
      // Deleted, or made anew: another look speaks of that.
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
  }

  /** Resolves with whether it was news. */
  async report(network: SriovNetwork, outcome: NetworkOutcome, signal: AbortSignal): Promise<boolean> {
    const { client, networks } = this.parts;
    const { name, namespace, uid } = network.metadata;
    const status: SriovNetworkStatus = reportOutcome(network, outcome, new Date());
    const patch = statusPatch(network, status);
    if (patch === undefined) return false;
    this.written.set(uid ?? "", heard({ ...network, status }));
    const options = { fieldManager: CONTROLLER_FIELD_MANAGER, subresource: "status" as const, signal };
    const body = { metadata: { uid }, status: patch };
    try {
      networks.observe(await client.merge(SRIOV_NETWORK, name, body, { ...options, ...(namespace && { namespace }) }));
      return true;
    } catch (error) {
      // Deleted, or made anew: another look speaks of that.
      if (isNotFound(error) || isConflict(error)) return false;
      throw error;
    }
  }

  forget({ metadata }: SriovNetwork): void {
    this.written.delete(metadata.uid ?? "");
  }
}

/** All of a network that what is done about it depends on, and what is said of it. */
interface Heard {
  readonly generation: number;
  readonly policy: string | undefined;
  readonly deletionTimestamp: string | undefined;
  readonly status: SriovNetworkStatus | undefined;
}

function heard(network: SriovNetwork): Heard {
  const { generation = 0, deletionTimestamp } = network.metadata;
  return { generation, policy: policyNameOf(network), deletionTimestamp, status: network.status };
}
