import type { Cluster, Operation } from "../../../provider/index.js";

/** Operations of a resource, with all that they have told. */
export class Told {
  readonly informed: string[] = [];
  readonly warned: string[] = [];
  readonly statuses: string[] = [];

  constructor(private readonly cluster: Cluster) {}

  /** One that may take so long. */
  operation(ms = 45_000): Operation {
    const log = {
      inform: (message: string) => void this.informed.push(message),
      warn: (message: string) => void this.warned.push(message),
      status: (message: string) => void this.statuses.push(message),
    };
    return { cluster: this.cluster, log, deadline: Date.now() + ms };
  }
}
