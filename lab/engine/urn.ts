/** `urn:pulumi:<stack>::<project>::<parent's type>$<type>::<name>` */
export interface UrnParts {
  stack: string;
  project: string;
  qualifiedType: string;
  type: string;
  name: string;
}

export const stackType = "pulumi:pulumi:Stack";
const providerPrefix = "pulumi:providers:";

export function parseUrn(urn: string): UrnParts {
  const [head = "", project = "", qualifiedType = "", ...name] = urn.split("::");
  const type = qualifiedType.slice(qualifiedType.lastIndexOf("$") + 1);
  return { stack: head.replace(/^urn:pulumi:/, ""), project, qualifiedType, type, name: name.join("::") };
}

export function makeUrn(stack: string, project: string, parent: string, type: string, name: string): string {
  const parentType = parent ? parseUrn(parent).qualifiedType : "";
  const prefix = parentType && parentType !== stackType ? `${parentType}$` : "";
  return `urn:pulumi:${stack}::${project}::${prefix}${type}::${name}`;
}

export function stackUrn(stack: string, project: string): string {
  return makeUrn(stack, project, "", stackType, `${project}-${stack}`);
}

export function isProviderType(type: string): boolean {
  return type.startsWith(providerPrefix);
}

/** The package of a resource type or of a provider's type: `kubernetes` for `kubernetes:core/v1:Pod`. */
export function packageOf(type: string): string {
  return isProviderType(type) ? type.slice(providerPrefix.length) : (type.split(":")[0] ?? "");
}

export function providerType(name: string): string {
  return providerPrefix + name;
}

/** A provider reference is `<urn>::<id>`. */
export function parseReference(reference: string): { urn: string; id: string } {
  const cut = reference.lastIndexOf("::");
  return { urn: reference.slice(0, cut), id: reference.slice(cut + 2) };
}

/** `kubernetes:apps/v1:Deployment`, and `aws:s3/bucket:Bucket` as `aws:s3:Bucket`, as Pulumi's display has it. */
export function displayType(type: string): string {
  const [pkg, module, member] = type.split(":");
  if (module === undefined || member === undefined) return type;
  const cut = module.lastIndexOf("/");
  const redundant = cut >= 0 && module.slice(cut + 1) === member.charAt(0).toLowerCase() + member.slice(1);
  return redundant ? [pkg, module.slice(0, cut), member].join(":") : type;
}

/** One that the engine has made for a package, and that no program speaks of. */
export function isDefaultProvider(urn: string): boolean {
  const { type, name } = parseUrn(urn);
  return isProviderType(type) && /^default(_|$)/.test(name);
}
