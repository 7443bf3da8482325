import type { KubeObject, ResourceType } from "../../api/object.js";

/** What people should see in `kubectl describe` and `kubectl get events`. */
export interface ObjectEvent {
  readonly type: "Normal" | "Warning";
  /** One CamelCase word. */
  readonly reason: string;
  readonly message: string;
}

export interface EventRecorder {
  /** Never fails and never waits; the same event again only raises its count. */
  record<T extends KubeObject>(type: ResourceType<T>, about: T, event: ObjectEvent): void;
}

/** For whoever needs none. */
export const noEvents: EventRecorder = { record: () => undefined };
