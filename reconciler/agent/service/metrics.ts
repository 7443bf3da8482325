/** What the agent counts about itself. */
export interface AgentMetrics {
  /** A change of a count ended in the kernel; `result` is `configured`, or the reason that Ready gives. */
  changeEnded(result: string, seconds: number): void;
  /** A change was refused before the kernel was asked; `result` is the reason that Ready gives. */
  changeRefused(result: string): void;
  scanEnded(seconds: number): void;
  /** A list or watch of this kind failed and is begun anew. */
  watchRestarted(plural: string): void;
  /** What the last scan found. */
  hardware(found: { readonly devices: number; readonly virtualFunctions: number; readonly leftOut: number }): void;
}

/** What the agent counts as the node's device plugin. */
export interface AdvertiserMetrics {
  /** What is offered under this name; both 0 where nothing is any more. */
  advertised(resource: string, devices: { readonly healthy: number; readonly unhealthy: number }): void;
  /** A container was given so many devices of a resource, or refused them. */
  allocated(resource: string, result: "given" | "refused", count: number): void;
}

/** For whoever needs none. */
export const noMetrics: AgentMetrics = {
  changeEnded: () => undefined,
  changeRefused: () => undefined,
  scanEnded: () => undefined,
  watchRestarted: () => undefined,
  hardware: () => undefined,
};
