import {
  Cluster,
  type Created,
  type NetworkInputs,
  type NetworkOutputs,
  type PartialNetworkInputs,
  sriovNetwork,
} from "../../../../provider/index.js";
import { ResourceDriver } from "../resource-driver.js";

/** A program's SriovNetworks. */
export class NetworkDriver extends ResourceDriver<NetworkInputs, NetworkOutputs> {
  static open(kubeconfig: string): NetworkDriver {
    return new NetworkDriver(Cluster.open({ kubeconfig }), sriovNetwork);
  }

  /** What a program gives for a resource of that name in a stack of its own. */
  inputs(resource: string, more: PartialNetworkInputs = {}): PartialNetworkInputs {
    return { resourceUrn: this.urn("SriovNetwork", resource), requireCapableNode: false, ...more };
  }

  override update(
    created: Created<NetworkOutputs>,
    news: PartialNetworkInputs,
    ms?: number,
  ): Promise<Created<NetworkOutputs>> {
    return super.update(created, { requireCapableNode: false, ...news }, ms);
  }
}

/** `<namespace>/<name>` as its parts. */
export function placeIn(outputs: NetworkOutputs): readonly [string, string] {
  const [namespace = "", name = ""] = outputs.networkAttachmentDefinition.split("/");
  return [namespace, name];
}
