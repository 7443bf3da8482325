import type { Node } from "../../api/core.js";
import { Annotation } from "../../api/names.js";
import type { SriovNetworkDevice } from "../../api/sriov-network-device.js";
import type { SriovNetworkNodePolicy } from "../../api/sriov-network-node-policy.js";
import type { NicFacts, PolicySnapshot } from "./snapshot.js";

/**
 * The facts of this project's own kinds. A policy that is being deleted counts no more. A NIC whose hardware is gone
 * (`DeviceGone`) still counts, so that it finds its VFs asked for when it comes back.
 */
export function snapshotOf(
  policies: readonly SriovNetworkNodePolicy[],
  nodes: readonly Node[],
  devices: readonly SriovNetworkDevice[],
): PolicySnapshot {
  return {
    policies: policies
      .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
      .map(({ metadata, spec }) => ({ name: metadata.name, spec })),
    nodes: nodes.map(({ metadata }) => ({ name: metadata.name, labels: metadata.labels ?? {} })),
    nics: devices.map(nicFacts),
  };
}

function nicFacts({ metadata, spec, status }: SriovNetworkDevice): NicFacts {
  return {
    device: metadata.name,
    nodeName: spec.nodeName,
    address: spec.address,
    // An interface that was moved into another network namespace has no name here; its NIC is still the one meant by it.
    interfaceName: status?.interfaceName || (metadata.annotations?.[Annotation.interfaceName] ?? ""),
    alternativeNames: status?.alternativeNames ?? [],
    vendorId: status?.vendorId ?? "",
    deviceId: status?.deviceId ?? "",
    totalVfs: status?.totalVFs,
    linkType: status?.linkType === "" ? undefined : status?.linkType,
    netFilter: metadata.annotations?.[Annotation.netFilter],
  };
}
