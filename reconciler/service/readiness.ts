import type { CompletedRequest } from "../../kube/transport.js";

/** How long the API server may be away before the process counts as not ready. */
const AWAY_MS = 60_000;

/** Whether the process does its work, in words where it doesn't. */
export class Readiness {
  /** When the first of the requests was sent that have had no answer since; undefined while answers come. */
  private awaySince: number | undefined;

  constructor(
    /** What its work itself still waits for. */
    private readonly waitsFor: () => readonly string[],
    private readonly now: () => number = Date.now,
  ) {}

  /** At rest nothing is asked for minutes: only a request that went wrong says that the server is away. */
  requestEnded({ httpStatus }: Pick<CompletedRequest, "httpStatus">): void {
    if (httpStatus !== undefined) this.awaySince = undefined;
    else this.awaySince ??= this.now();
  }

  /** Why it is not ready, each in a sentence; none where it is. */
  reasons(): readonly string[] {
    const awayMs = this.awaySince === undefined ? 0 : this.now() - this.awaySince;
    const away = awayMs < AWAY_MS ? [] : [`the API server has not answered for ${Math.floor(awayMs / 1_000)} s`];
    return [...this.waitsFor(), ...away];
  }
}
