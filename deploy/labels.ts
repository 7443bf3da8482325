import { AGENT_POD_LABELS, CONTROLLER_POD_LABELS } from "../api/names.js";
import type { KubeObject } from "../api/object.js";
import { VERSION } from "../api/version.js";

export type Component = "agent" | "controller";

/**
 * Labels by which a component's pods are selected. A selector can never be changed, so nothing that differs from one version
 * or installation to the next may be among them.
 */
export function podLabels(component: Component): Record<string, string> {
  return { ...(component === "agent" ? AGENT_POD_LABELS : CONTROLLER_POD_LABELS) };
}

/**
 * The object with the labels that all of an installation have. They tell which version of this package has written it. Pod
 * templates do not get them: a new version whose pods are no others is to replace none.
 */
export function labelled<T extends KubeObject>(object: T): T {
  const { metadata } = object;
  const labels = {
    "app.kubernetes.io/name": "pulumi-sriov",
    "app.kubernetes.io/part-of": "pulumi-sriov",
    "app.kubernetes.io/version": VERSION,
    ...metadata.labels,
  };
  return { ...object, metadata: { ...metadata, labels } };
}
