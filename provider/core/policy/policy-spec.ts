import type { NicSelector, SriovNetworkNodePolicySpec } from "../../../api/sriov-network-node-policy.js";

/** What a program says of a policy's spec. The names are v1's, but for a NIC's device ID. */
export interface PolicySettings extends Omit<SriovNetworkNodePolicySpec, "nicSelector"> {
  readonly nicSelector: NicSelectorInput;
}

export interface NicSelectorInput extends Omit<NicSelector, "deviceID"> {
  readonly deviceId?: string;
}

export const SETTINGS = [
  "resourceName",
  "nodeSelector",
  "nicSelector",
  "numVfs",
  "priority",
  "mtu",
  "deviceType",
  "isRdma",
  "needVhostNet",
  "linkType",
  "eSwitchMode",
  "vdpaType",
  "excludeTopology",
  "externallyManaged",
  "bridge",
] as const satisfies readonly (keyof PolicySettings)[];

/** The spec that the settings make; nothing is checked, and what is not given is left out. */
export function specOf(settings: Partial<PolicySettings>): Partial<SriovNetworkNodePolicySpec> {
  return renamed(settings, { deviceId: "deviceID" });
}

/** The settings that make the spec. */
export function settingsOf(spec: SriovNetworkNodePolicySpec): PolicySettings {
  return renamed(spec, { deviceID: "deviceId" }) as unknown as PolicySettings;
}

/** A text about the spec as a program has it to be told. */
export function asSettings(text: string): string {
  return text.replaceAll(/\bdeviceID\b/g, "deviceId");
}

function renamed(from: object, names: Readonly<Record<string, string>>): Readonly<Record<string, unknown>> {
  const settings = given(from).filter(([name]) => (SETTINGS as readonly string[]).includes(name));
  const selector = (value: object): object =>
    Object.fromEntries(given(value).map(([part, chosen]) => [names[part] ?? part, chosen]));
  return Object.fromEntries(
    settings.map(([name, value]) => {
      const isSelector = name === "nicSelector" && typeof value === "object" && value !== null;
      return [name, isSelector ? selector(value) : value];
    }),
  );
}

function given(object: object): [string, unknown][] {
  return Object.entries(object).filter(([, value]) => value !== undefined);
}
