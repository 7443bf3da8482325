import type { Logger } from "pino";
import { SRIOV_NETWORK, type SriovNetwork } from "../../../api/sriov-network.js";
import type { KubeClient } from "../../../kube/client.js";
import type { Attachments } from "./attachments.js";
import { isMadeByController, networkNamed, ownerOf, type Place, placeKey, placeOf, samePlace } from "./place.js";

export interface SweeperParts {
  readonly client: Pick<KubeClient, "list">;
  readonly attachments: Attachments;
  /** The network as it was last heard of. */
  readonly network: (named: Place) => SriovNetwork | undefined;
  readonly controllerNamespace: string;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/**
 * Deletes attachments whose network is gone, or wants its attachment elsewhere, and of those only what the controller
 * itself has made. Nothing has to be remembered for that: an attachment says whose it is, and its managed fields who made it.
 */
export class Sweeper {
  constructor(private readonly parts: SweeperParts) {}

  async sweep(place: Place): Promise<void> {
    const { attachments, network, controllerNamespace, log } = this.parts;
    const attachment = attachments.known(place);
    const owner = attachment && networkNamed(ownerOf(attachment));
    if (!attachment || !owner || !isMadeByController(attachment)) return;
    if (!isLeftBehind(place, owner, network(owner), controllerNamespace)) return;
    // Watches of two kinds tell each at its own pace: only the API server knows that a network is gone.
    if (!isLeftBehind(place, owner, await this.current(owner), controllerNamespace)) return;
    await attachments.remove(attachment);
    log.info(
      { attachment: placeKey(place), network: placeKey(owner) },
      "attachment deleted, which its network left behind",
    );
  }

  private async current({ namespace, name }: Place): Promise<SriovNetwork | undefined> {
    const { client, signal } = this.parts;
    const { items } = await client.list(SRIOV_NETWORK, { namespace, fields: { "metadata.name": name }, signal });
    return items[0];
  }
}

/**
 * In the network's own namespace its end is the garbage collector's business, who knows whether dependents are to be
 * orphaned.
 */
export function isLeftBehind(
  place: Place,
  owner: Place,
  network: SriovNetwork | undefined,
  controllerNamespace: string,
): boolean {
  if (network === undefined || network.metadata.deletionTimestamp !== undefined) {
    return place.namespace !== owner.namespace;
  }
  return !samePlace(placeOf(network, controllerNamespace), place);
}
