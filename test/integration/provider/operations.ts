import { EventEmitter, once } from "node:events";
import type { Cluster, Operation } from "../../../provider/index.js";

/** What gives these operations more time. */
export const MORE_TIME = "More time: customTimeouts.create (5m now).";

/** Operations of a resource, with all that they have told. */
export class Told {
  readonly informed: string[] = [];
  readonly warned: string[] = [];
  readonly statuses: string[] = [];
  private readonly statusTold = new EventEmitter();

  constructor(private readonly cluster: Cluster) {}

  /** Resolves once this status, or one that matches, has been told. */
  async until(status: string | RegExp): Promise<void> {
    const isIt = (told: string): boolean => (typeof status === "string" ? told === status : status.test(told));
    while (!this.statuses.some(isIt)) await once(this.statusTold, "told");
  }

  /** One that may take so long. */
  operation(ms = 45_000): Operation {
    const log = {
      inform: (message: string) => void this.informed.push(message),
      warn: (message: string) => void this.warned.push(message),
      status: (message: string) => {
        this.statuses.push(message);
        this.statusTold.emit("told");
      },
    };
    return { cluster: this.cluster, log, deadline: Date.now() + ms, moreTime: MORE_TIME };
  }
}
