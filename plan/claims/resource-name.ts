import { Annotation, isObjectName, labelValue, pciDeviceName } from "../../api/names.js";
import type { PciDeviceClaim } from "../../api/pci-device-claim.js";

export type ResourceName =
  | { readonly resourceName: string }
  /** Why no device plugin can offer it, and what to do, for people. */
  | { readonly problem: string };

/**
 * The name under which a claimed device is offered: what the claim's annotation says; or else, where it shares no pool, a
 * name of its own as Harvester makes it, `intel.com/node1-0000041002`; or else the one that the device is known by. Pure.
 *
 * @param device `resourceName` of its PCIDevice's status.
 */
export function claimResourceName(
  { metadata, spec }: Pick<PciDeviceClaim, "metadata" | "spec">,
  device: { readonly resourceName: string },
): ResourceName {
  const override = metadata.annotations?.[Annotation.overrideResourceName];
  const alone = spec.disableResourcePooling === true;
  const resourceName = override ?? (alone ? nameOfItsOwn(spec, device.resourceName) : device.resourceName);
  const problem = resourceNameProblem(resourceName);
  if (problem === undefined) return { resourceName };
  const where =
    override === undefined ? "the device's resource name" : `the annotation ${Annotation.overrideResourceName}`;
  return { problem: `${where} ${problem}. Set the annotation to a name such as example.com/nic, or take it away.` };
}

/**
 * Why a kubelet does not take a value as the name of a device plugin's resource, or nothing. It asks for a qualified name,
 * whose quota, `requests.<name>`, must be one too, and that is none of Kubernetes' own.
 */
export function resourceNameProblem(value: string): string | undefined {
  const wrong = (reason: string): string => `must be ${reason}, not ${JSON.stringify(value)}`;
  const [prefix = "", name, ...rest] = value.split("/");
  if (name === undefined || rest.length > 0) return wrong('a prefix, "/" and a name, such as "example.com/nic"');
  if (prefix.endsWith("kubernetes.io")) return wrong("outside kubernetes.io, which is Kubernetes' own");
  if (prefix.startsWith("requests.")) return wrong('without "requests." before it, by which quotas are named');
  if (prefix.length > MAX_PREFIX)
    return `must have at most ${MAX_PREFIX} characters before the "/", not ${prefix.length}`;
  if (!isObjectName(prefix)) return wrong('a domain\'s name before the "/": small letters, digits, "-" and "."');
  if (name.length > MAX_PART) return `must have at most ${MAX_PART} characters behind the "/", not ${name.length}`;
  if (!/^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/.test(name))
    return wrong('letters, digits, "-", "_" and "." behind the "/", beginning and ending with a letter or digit');
  return undefined;
}

const MAX_PART = 63;
/** A domain's name has 253 characters at most, of which `requests.` takes some. */
const MAX_PREFIX = 253 - "requests.".length;

/** The vendor's domain, and the PCIDevice's name, of which a hash stands for the end where that is too long. */
function nameOfItsOwn({ nodeName, address }: PciDeviceClaim["spec"], pooled: string): string {
  return `${pooled.split("/")[0] ?? ""}/${labelValue(pciDeviceName(nodeName, address))}`;
}
