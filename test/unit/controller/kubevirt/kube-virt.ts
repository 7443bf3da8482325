import type { KubeVirt } from "../../../../api/kubevirt.js";
import { Annotation } from "../../../../api/names.js";
import type { Entry } from "../../../../reconciler/controller/kubevirt/own-entries.js";
import type { Wanted } from "../../../../reconciler/controller/kubevirt/plan-list.js";

export const VF: Entry = { pciVendorSelector: "8086:10CA", resourceName: "intel.com/82576_VF" };
export const OTHER_VF: Entry = { pciVendorSelector: "8086:10ED", resourceName: "intel.com/82599_VF" };
/** As an administrator writes it, who leaves the advertising to KubeVirt. */
export const GPU = { pciVendorSelector: "10DE:1EB8", resourceName: "nvidia.com/TU104GL_Tesla_T4" };

export function ours(entry: Entry): Entry & { readonly externalResourceProvider: true } {
  return { ...entry, externalResourceProvider: true };
}

/** Whatever may be in the place of a configuration; as others write it, so no type holds. */
export function kubeVirt(spec: unknown, own?: string): KubeVirt {
  const annotations = own === undefined ? {} : { annotations: { [Annotation.permittedPciDevices]: own } };
  const metadata = { name: "kubevirt", namespace: "kubevirt", uid: "kv", resourceVersion: "7", ...annotations };
  return { metadata, ...(spec !== undefined && { spec }) } as KubeVirt;
}

export function withList(list: unknown, own?: string): KubeVirt {
  return kubeVirt({ configuration: { permittedHostDevices: { pciHostDevices: list } } }, own);
}

/** The annotation's text where these are the controller's own. */
export function own(...entries: readonly Entry[]): string {
  return JSON.stringify(
    Object.fromEntries(entries.map(({ pciVendorSelector, resourceName }) => [resourceName, [pciVendorSelector]])),
  );
}

export function wanted(...entries: readonly Entry[]): Wanted {
  return { entries, undecided: new Set() };
}

export function listOf({ spec }: KubeVirt): unknown[] {
  return (spec?.configuration?.permittedHostDevices?.pciHostDevices ?? []) as unknown[];
}
