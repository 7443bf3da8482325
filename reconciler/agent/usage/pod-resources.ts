import { existsSync } from "node:fs";
import type { Logger } from "pino";
import { messageOf } from "../../../kube/errors.js";
import type { Allocation } from "../kubelet/list-allocations.js";

export type { Allocation } from "../kubelet/list-allocations.js";

const DEADLINE_MS = 2_000;
/** As much as the kubelet itself allows for its answers. */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;

/**
 * What the kubelet's pod-resources socket (its API v1) says of the devices that pods were given. It tells nothing by
 * itself, so that it has to be asked. Where there is no socket, nothing is known and nothing is loaded.
 */
export class PodResources {
  private answer: readonly Allocation[] = [];
  private asking: Promise<void> | undefined;
  /** Follows the question under way, for all who have come meanwhile. */
  private next: Promise<void> | undefined;
  /** Why the last question was not answered. */
  private failure: string | undefined;
  private answered = false;

  constructor(
    private readonly socket: string,
    private readonly log: Logger,
  ) {}

  /** By the last answer that there was. */
  list(): readonly Allocation[] {
    return this.answer;
  }

  /** That the kubelet is there and has never answered, in words. */
  silent(): string | undefined {
    return this.answered ? undefined : this.failure;
  }

  /** Resolves once a question from after this call was answered. Never fails: an error is told once. */
  refresh(): Promise<void> {
    if (this.next !== undefined) return this.next;
    if (this.asking === undefined) return this.begin();
    this.next = this.asking.then(() => {
      this.next = undefined;
      return this.begin();
    });
    return this.next;
  }

  private begin(): Promise<void> {
    this.asking = this.ask().finally(() => (this.asking = undefined));
    return this.asking;
  }

  private async ask(): Promise<void> {
    // A kubelet that has answered before is away for now, not absent.
    if (!this.answered && !existsSync(this.socket)) {
      this.failure = undefined;
      return;
    }
    try {
      this.answer = await askKubelet(this.socket);
      this.answered = true;
      this.failure = undefined;
    } catch (error) {
      const failure = `the kubelet at ${this.socket} does not answer: ${messageOf(error)}`;
      if (this.failure === undefined) {
        const kept = this.answered
          ? "its last answer counts until it answers again"
          : "its pods' devices are not known";
        this.log.warn({ err: error }, `${failure}; ${kept}`);
      }
      this.failure = failure;
    }
  }
}

async function askKubelet(socket: string): Promise<Allocation[]> {
  // Loaded at first use: a machine without a kubelet needs none of it.
  const { listAllocations } = await import("../kubelet/list-allocations.js");
  return listAllocations({ socket, deadlineMs: DEADLINE_MS, maxAnswerBytes: MAX_ANSWER_BYTES });
}
