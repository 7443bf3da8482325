import type { KubeObject, ResourceType } from "../../api/object.js";
import { isKindMissing, messageOf } from "../../kube/errors.js";

/** The error in words; where the cluster lacks the kind itself, which one it is and how to install it. */
export function inWords(error: unknown, { apiVersion, kind, plural }: ResourceType<KubeObject>): string {
  if (!isKindMissing(error)) return messageOf(error);
  const definition = `${plural}.${apiVersion.replace(/\/.*/, "")}`;
  return (
    `the cluster has no kind ${kind}: its CustomResourceDefinition ${definition} is not installed. ` +
    `Install it with "kubectl apply -k deploy/manifests" from the package pulumi-sriov; this process goes on by itself then. ` +
    `(${messageOf(error)})`
  );
}
