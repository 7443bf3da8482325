/** What the controller counts about itself. */
export interface ControllerMetrics {
  /** Whether this replica is the one that works. */
  leads(leads: boolean): void;
  /** A pass over everything that `job` looks after ended: `policies`, `networks`. */
  passEnded(job: string, result: "done" | "failed", seconds: number): void;
  /** What came of asking a NIC to be as the policies want it: `applied`, `released`, or why it was refused. */
  deviceWritten(result: string): void;
  /** How many policies there are, by the reason of their condition Ready. */
  policies(byReason: ReadonlyMap<string, number>): void;
  /** How many networks there are, by the reason of their condition Ready. */
  networks(byReason: ReadonlyMap<string, number>): void;
  /** A list or watch of this kind failed and is begun anew. */
  watchRestarted(plural: string): void;
}

/** For whoever needs none. */
export const noMetrics: ControllerMetrics = {
  leads: () => undefined,
  passEnded: () => undefined,
  deviceWritten: () => undefined,
  policies: () => undefined,
  networks: () => undefined,
  watchRestarted: () => undefined,
};
