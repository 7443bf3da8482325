import { DEVICES_API_VERSION } from "../../../api/names.js";
import { PCI_DEVICE } from "../../../api/pci-device.js";
import { SRIOV_NETWORK_DEVICE } from "../../../api/sriov-network-device.js";
import { SRIOV_NETWORK_NODE_STATE } from "../../../api/sriov-network-node-state.js";
import type { Cluster } from "../cluster.js";
import { HARVESTER_NETWORK_DEVICE } from "../device/harvester-object.js";

/** Who looks after the objects already that the reconciler would look after. */
export interface OtherController {
  readonly name: string;
  /** What the cluster has that gives it away. */
  readonly evidence: string;
  /** What to do about it, as a sentence or more. */
  readonly advice: string;
}

/** Harvester's pcidevices controller or the sriov-network-operator, where the cluster has one of them. */
export async function otherController(cluster: Cluster): Promise<OtherController | undefined> {
  const evidence = await harvesterEvidence(cluster);
  if (evidence !== undefined) return { name: "Harvester's pcidevices controller", evidence, advice: HARVESTER_ADVICE };
  const kinds = await cluster.kindsNow(SRIOV_NETWORK_NODE_STATE.apiVersion);
  return kinds.has(SRIOV_NETWORK_NODE_STATE.plural) ? OPERATOR : undefined;
}

async function harvesterEvidence(cluster: Cluster): Promise<string | undefined> {
  const kinds = await cluster.kindsNow(DEVICES_API_VERSION);
  const kind = kinds.get(SRIOV_NETWORK_DEVICE.plural);
  if (kind === HARVESTER_NETWORK_DEVICE.kind) return `it serves ${kind} of ${DEVICES_API_VERSION}`;
  // Harvester's older releases know no NICs; but an installation of this project's that was cut short may not have them yet.
  if (kind !== undefined || !kinds.has(PCI_DEVICE.plural)) return undefined;
  const own = await cluster.kindsNow(HARVESTER_API_VERSION);
  if (own.size === 0) return undefined;
  return `it serves ${PCI_DEVICE.kind} of ${DEVICES_API_VERSION} without a kind for NICs, and ${HARVESTER_API_VERSION}`;
}

/** What every Harvester serves. */
const HARVESTER_API_VERSION = "harvesterhci.io/v1beta1";

const HARVESTER_ADVICE =
  "Leave SriovReconciler out of the program: SriovNetworkDevice and PciDeviceClaim work there by Harvester's own " +
  "controller (see docs/harvester.md).";

const STATES_CRD = `${SRIOV_NETWORK_NODE_STATE.plural}.${SRIOV_NETWORK_NODE_STATE.apiVersion.split("/")[0] ?? ""}`;

const OPERATOR: OtherController = {
  name: "the sriov-network-operator",
  evidence: `it serves ${SRIOV_NETWORK_NODE_STATE.kind} of ${SRIOV_NETWORK_NODE_STATE.apiVersion}`,
  advice:
    "Leave SriovReconciler out of the program: SriovNetworkDevice, SriovNetworkNodePolicy and SriovNetwork work there by " +
    "the operator (see docs/sriov-network-device.md). Where the operator is gone and has only left its kinds behind, " +
    `remove that one: kubectl delete crd ${STATES_CRD}`,
};
