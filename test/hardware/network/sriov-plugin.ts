import type { NetworkAttachmentDefinition } from "../../../api/network-attachment-definition.js";
import type { Guest, Nic } from "../agent/guest.js";

/** Fields of a CNI configuration that the `sriov` plugin reads, under the names that it publishes. */
export interface SriovConfig {
  readonly cniVersion: string;
  readonly name: string;
  readonly type: "sriov";
  readonly vlan?: number;
  readonly vlanQoS?: number;
  readonly vlanProto?: string;
  readonly min_tx_rate?: number;
  readonly max_tx_rate?: number;
  readonly spoofchk?: "on" | "off";
  readonly trust?: "on" | "off";
  readonly link_state?: "auto" | "enable" | "disable";
  readonly capabilities?: Readonly<Record<string, boolean>>;
  readonly ipam?: Readonly<Record<string, unknown>>;
  readonly logLevel?: string;
  readonly logFile?: string;
}

/** What each of them is in JSON. */
const FIELDS: Readonly<Record<keyof SriovConfig, "string" | "number" | "object">> = {
  ...{ cniVersion: "string", name: "string", type: "string" },
  ...{ vlan: "number", vlanQoS: "number", vlanProto: "string" },
  ...{ min_tx_rate: "number", max_tx_rate: "number" },
  ...{ spoofchk: "string", trust: "string", link_state: "string" },
  ...{ capabilities: "object", ipam: "object", logLevel: "string", logFile: "string" },
};

/**
 * The plugin's part of an attachment's configuration.
 *
 * @throws where a field is not the plugin's or of another type: the plugin would pass over the first, and refuse the second
 */
export function sriovConfig({ metadata, spec }: NetworkAttachmentDefinition): SriovConfig {
  const config = JSON.parse(spec?.config ?? "") as Record<string, unknown>;
  const { plugins, ...outer } = config;
  const own = Array.isArray(plugins) ? { ...outer, ...(plugins[0] as object) } : config;
  for (const [field, value] of Object.entries(own)) {
    const wanted = FIELDS[field as keyof SriovConfig];
    if (typeof value !== wanted) {
      throw new Error(`${metadata.name}: the sriov plugin takes no ${field} of type ${typeof value}`);
    }
  }
  if (own["type"] !== "sriov") throw new Error(`${metadata.name}: its first plugin is not sriov`);
  return own as unknown as SriovConfig;
}

/** One VF, and where the plugin puts it. */
export interface Attachment {
  readonly nic: Nic;
  readonly vf: { readonly index: number; readonly interfaceName: string; readonly macAddress: string };
  /** A named network namespace of the guest. */
  readonly namespace: string;
  /** Multus counts: `net1` is a pod's first. */
  readonly interfaceName: string;
  readonly config: SriovConfig;
  /** The MAC that the pod's annotation asks for; the plugin hears of it only where the configuration has that capability. */
  readonly mac: string;
}

/** `ip` with virtual functions. */
const IP = "/usr/sbin/ip";

/** Attaches a VF as the `sriov` plugin does: the same fields, in the same order; first on the physical function, then the VF. */
export async function attach(guest: Guest, attachment: Attachment): Promise<void> {
  const { nic, vf, namespace, interfaceName } = attachment;
  const vfLink = `${IP} link set ${nic.interfaceName} vf ${vf.index}`;
  const mac = macFor(attachment);
  await guest.run(`
    set -e
    ${settings(attachment.config, mac)
      .map((setting) => `${vfLink} ${setting}`)
      .join("\n")}
    ${IP} link set ${vf.interfaceName} netns ${namespace}
    ${IP} -n ${namespace} link set ${vf.interfaceName} name ${interfaceName}
    ${mac === undefined ? "" : `${IP} -n ${namespace} link set ${interfaceName} address ${mac}`}
    ${IP} -n ${namespace} link set ${interfaceName} up`);
}

/** Gives the VF back to the node as the plugin found it. */
export async function detach(guest: Guest, attachment: Attachment): Promise<void> {
  const { nic, vf, namespace, interfaceName } = attachment;
  const vfLink = `${IP} link set ${nic.interfaceName} vf ${vf.index}`;
  await guest.run(`
    set -e
    ${vfLink} vlan 0 qos 0
    ${vfLink} mac ${vf.macAddress}
    ${vfLink} max_tx_rate 0
    ${vfLink} spoofchk on
    ${vfLink} trust off
    ${IP} -n ${namespace} link set ${interfaceName} down
    ${IP} -n ${namespace} link set ${interfaceName} name ${vf.interfaceName}
    ${IP} -n ${namespace} link set ${vf.interfaceName} address ${vf.macAddress}
    ${IP} -n ${namespace} link set ${vf.interfaceName} netns 1`);
}

function macFor({ config, mac }: Attachment): string | undefined {
  return config.capabilities?.["mac"] === true ? mac : undefined;
}

function settings(config: SriovConfig, mac: string | undefined): string[] {
  const { vlan, vlanQoS = 0, vlanProto = "802.1q", min_tx_rate: min, max_tx_rate: max } = config;
  const { spoofchk, trust, link_state: state } = config;
  return [
    ...(vlan === undefined ? [] : [`vlan ${vlan} qos ${vlanQoS} proto ${vlanProto.toLowerCase()}`]),
    ...(mac === undefined ? [] : [`mac ${mac}`]),
    ...(min === undefined && max === undefined ? [] : [`min_tx_rate ${min ?? 0} max_tx_rate ${max ?? 0}`]),
    ...(spoofchk === undefined ? [] : [`spoofchk ${spoofchk}`]),
    ...(trust === undefined ? [] : [`trust ${trust}`]),
    ...(state === undefined ? [] : [`state ${state}`]),
  ];
}
