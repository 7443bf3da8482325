import type { KubeObject, ResourceType } from "./object.js";

/** core/v1: what `kubectl describe` and `kubectl get events` show. Kept by the API server for an hour, by default. */
export interface Event extends KubeObject {
  readonly involvedObject: {
    readonly apiVersion: string;
    readonly kind: string;
    readonly name: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
  };
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly message: string;
  readonly source: { readonly component: string; readonly host: string };
  readonly reportingComponent: string;
  readonly reportingInstance: string;
  /** RFC 3339. */
  readonly firstTimestamp: string;
  readonly lastTimestamp: string;
  readonly count: number;
}

export const EVENT: ResourceType<Event> = { apiVersion: "v1", kind: "Event", plural: "events", namespaced: true };
