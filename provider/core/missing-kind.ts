import type { KubeObject, ResourceType } from "../../api/object.js";

/** For a cluster in which nobody has installed the kind's CRD. */
export function missingKind({ apiVersion, kind, plural }: ResourceType<KubeObject>): string {
  const group = apiVersion.split("/")[0] ?? "";
  return `the cluster does not know the kind ${kind}: the CustomResourceDefinition ${plural}.${group} is not installed.`;
}

export const INSTALL_RECONCILER = `Install the reconciler; where the same program does, add it to this resource's dependsOn.`;

/** The same, as the error of an operation that needs the kind. */
export class KindMissing extends Error {
  override readonly name = "KindMissing";

  constructor(type: ResourceType<KubeObject>, cause?: unknown, advice = INSTALL_RECONCILER) {
    super(`${missingKind(type)} ${advice}`, { cause });
  }
}
