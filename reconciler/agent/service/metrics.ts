/** What the agent counts about itself. */
export interface AgentMetrics {
  /** A change of a count ended; `result` is `configured`, or why not, as in the Ready condition's reason. */
  changeEnded(result: string, seconds: number): void;
  scanEnded(seconds: number): void;
  /** A list or watch of this kind failed and is begun anew. */
  watchRestarted(plural: string): void;
  /** What the last scan found. */
  hardware(found: { readonly devices: number; readonly virtualFunctions: number; readonly leftOut: number }): void;
}

/** For whoever needs none. */
export const noMetrics: AgentMetrics = {
  changeEnded: () => undefined,
  scanEnded: () => undefined,
  watchRestarted: () => undefined,
  hardware: () => undefined,
};
