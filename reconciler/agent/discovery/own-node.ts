import { NODE, type Node } from "../../../api/core.js";
import type { OwnerReference } from "../../../api/object.js";
import type { Change, Informer } from "../../../kube/informer.js";
import { waitFor } from "../../../kube/wait.js";

/** The Node that the agent runs on, which may not be there yet, and may be deleted and made anew. */
export class OwnNode {
  constructor(
    private readonly informer: Informer<Node>,
    private readonly name: string,
  ) {}

  get(): Node | undefined {
    return this.informer.get(this.name);
  }

  /** As it is now: a Node that was made anew is another owner. */
  reference(): OwnerReference | undefined {
    const uid = this.get()?.metadata.uid;
    return uid === undefined ? undefined : { apiVersion: NODE.apiVersion, kind: NODE.kind, name: this.name, uid };
  }

  /** @throws {DOMException} AbortError: `signal` was aborted before there was such a Node. */
  async exists(signal: AbortSignal, onWaiting: (what: string) => void): Promise<void> {
    const condition = () =>
      this.get() === undefined
        ? ({ state: "pending", what: `no Node ${this.name} yet` } as const)
        : ({ state: "satisfied", result: undefined } as const);
    await waitFor(this.informer, condition, { deadline: Number.POSITIVE_INFINITY, signal, onPending: onWaiting });
  }

  /** `remade`: there was none before, or another of that name. */
  onChange(listener: (remade: boolean) => void): void {
    this.informer.onChange((change) => listener(isRemade(change)));
  }
}

function isRemade(change: Change<Node>): boolean {
  return change.kind === "set" && change.previous?.metadata.uid !== change.object.metadata.uid;
}
