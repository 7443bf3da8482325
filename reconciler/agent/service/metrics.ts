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

/** For whoever needs none. */
export const noMetrics: AgentMetrics = {
  changeEnded: () => undefined,
  changeRefused: () => undefined,
  scanEnded: () => undefined,
  watchRestarted: () => undefined,
  hardware: () => undefined,
};
