import type { KubeObject, ResourceType } from "../../api/object.js";

/** For a cluster in which nobody has installed the kind's CRD. */
export function missingKind({ apiVersion, kind, plural }: ResourceType<KubeObject>): string {
  const group = apiVersion.split("/")[0] ?? "";
  return `the cluster does not know the kind ${kind}: the CustomResourceDefinition ${plural}.${group} is not installed.`;
}

/** The same, as the error of an operation that needs the kind. */
export function missingKindAdvice(type: ResourceType<KubeObject>): string {
  return `${missingKind(type)} Install the reconciler; where the same program does, add it to this resource's dependsOn.`;
}
