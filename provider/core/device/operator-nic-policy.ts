import { createHash } from "node:crypto";
import { Annotation, isObjectName, labelValue, pciDeviceName } from "../../../api/names.js";
import type { SriovNetworkDevice } from "../../../api/sriov-network-device.js";
import type { SriovNetworkNodePolicy } from "../../../api/sriov-network-node-policy.js";
import type { WantedObject } from "../owned-object.js";
import { interfaceOf } from "./device-lookup.js";

/**
 * The policy by which the sriov-network-operator is told the count of one NIC: it selects that NIC alone, and it is there
 * exactly while somebody wants VFs of it, since the operator's webhook refuses a policy of none.
 */

const NAME_PREFIX = "pulumi-sriov-nic-";
const HOSTNAME = "kubernetes.io/hostname";

/** The policy of one NIC, and where it is to be. */
export interface NicPolicy {
  readonly namespace: string;
  readonly live: SriovNetworkNodePolicy | undefined;
}

/** One name for each NIC, so that two resources that want the same of it, as after a rename, have one policy. */
export function nicPolicyName(nodeName: string, address: string): string {
  const name = `${NAME_PREFIX}${pciDeviceName(nodeName, address)}`;
  return isObjectName(name) ? name : `${NAME_PREFIX}${labelValue(pciDeviceName(nodeName, address))}`;
}

/** Is it a policy that a SriovNetworkDevice resource has made of its NIC, and not one of a person or a policy resource? */
export function isNicPolicy({ metadata, spec }: SriovNetworkNodePolicy): boolean {
  return metadata.name.startsWith(NAME_PREFIX) && spec.nicSelector.rootDevices?.length === 1;
}

/** The NIC that such a policy is for, as it was when the policy was made. */
export function nicOfPolicy({ metadata, spec }: SriovNetworkNodePolicy): {
  readonly hostname: string;
  readonly address: string;
  readonly interfaceName: string | undefined;
} {
  return {
    hostname: spec.nodeSelector[HOSTNAME] ?? "",
    address: spec.nicSelector.rootDevices?.[0] ?? "",
    interfaceName: metadata.annotations?.[Annotation.interfaceName],
  };
}

/**
 * What is wanted of the NIC's policy.
 *
 * @param policy as it is, whose names stay.
 * @param labels those of the NIC's node; undefined where nodes cannot be seen.
 * @throws {Error} where a policy cannot select the node by itself.
 */
export function wantedNicPolicy(
  device: SriovNetworkDevice,
  numVfs: number,
  { namespace, live }: NicPolicy,
  labels: Readonly<Record<string, string>> | undefined,
): WantedObject {
  const { nodeName, address } = device.spec;
  const hostname = labels === undefined ? nodeName : labels[HOSTNAME];
  if (hostname === undefined) {
    throw new Error(
      `${device.metadata.name}: node "${nodeName}" has no label ${HOSTNAME}, by which a policy of the ` +
        `sriov-network-operator could select it alone. Nothing was changed. Set the label to the node's name.`,
    );
  }
  return {
    name: nicPolicyName(nodeName, address),
    namespace,
    annotations: {
      [Annotation.interfaceName]: live?.metadata.annotations?.[Annotation.interfaceName] ?? interfaceOf(device),
    },
    spec: {
      resourceName: live?.spec.resourceName ?? poolName(device.metadata.name),
      nodeSelector: { [HOSTNAME]: hostname },
      nicSelector: { rootDevices: [address] },
      numVfs,
      // Who declares a NIC's count directly goes before policies, as with this project's own controller.
      priority: 0,
      // What the operator's webhook would add, a second owner of the same request by the API server's book-keeping.
      isRdma: false,
    },
  };
}

/** What pods ask for, without prefix: letters, digits and "_", which every release of the operator allows, 63 at most. */
function poolName(deviceName: string): string {
  const name = deviceName.replace(/[^a-zA-Z0-9]+/g, "_");
  if (name.length <= 63) return name;
  return `${name.slice(0, 54)}_${createHash("sha256").update(deviceName).digest("hex").slice(0, 8)}`;
}
