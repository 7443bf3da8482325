import { type Lease, LEASE, type LeaseSpec } from "../../../api/lease.js";
import { CONTROLLER_FIELD_MANAGER } from "../../../api/names.js";
import type { KubeClient } from "../../../kube/client.js";
import { isConflict, isNotFound } from "../../../kube/errors.js";

export interface LeasePlace {
  readonly client: Pick<KubeClient, "get" | "create" | "merge">;
  readonly namespace: string;
  readonly name: string;
}

interface Limits {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/**
 * The lease as it was last seen, and writes that only succeed while it still is so: of two that decide upon the same
 * version, the API server refuses one.
 */
export class KnownLease {
  private lease: Lease | undefined;
  private seenAt = 0;

  constructor(
    private readonly place: LeasePlace,
    /** Milliseconds; any clock that never goes back. */
    private readonly now: () => number = () => performance.now(),
  ) {}

  get exists(): boolean {
    return this.lease !== undefined;
  }

  /** Undefined where nobody has it, or it is not known. */
  get holder(): string | undefined {
    const holder = this.lease?.spec?.holderIdentity;
    return holder === "" ? undefined : holder;
  }

  get spec(): LeaseSpec | undefined {
    return this.lease?.spec;
  }

  /**
   * When the others may take it, by `now`: it has not been seen to change for as long as it lasts. No clock of another
   * machine is asked, since it may be wrong. 0 where nobody has it.
   */
  get runsOutAt(): number {
    if (this.holder === undefined) return 0;
    return this.seenAt + (this.lease?.spec?.leaseDurationSeconds ?? 0) * 1_000;
  }

  /** Takes note of it as somebody has read it. An older version than the one that is known is passed over. */
  see(lease: Lease): void {
    const { uid, resourceVersion = "0" } = this.lease?.metadata ?? {};
    if (uid === lease.metadata.uid && BigInt(lease.metadata.resourceVersion ?? "0") <= BigInt(resourceVersion)) return;
    this.lease = lease;
    this.seenAt = this.now();
  }

  async read(limits: Limits): Promise<void> {
    const { client, namespace, name } = this.place;
    try {
      this.see(await client.get(LEASE, name, { namespace, ...limits }));
    } catch (error) {
      if (!isNotFound(error)) throw error;
      this.lease = undefined;
    }
  }

  /** Makes it where there is none. False where another has written or deleted it since it was last seen: read it anew. */
  async write(spec: Readonly<Record<string, unknown>>, limits: Limits): Promise<boolean> {
    const { client, namespace, name } = this.place;
    const options = { fieldManager: CONTROLLER_FIELD_MANAGER, ...limits };
    try {
      if (this.lease === undefined) {
        this.see(await client.create(LEASE, { metadata: { name, namespace }, spec }, options));
      } else {
        const { uid, resourceVersion } = this.lease.metadata;
        const patch = { metadata: { uid, resourceVersion }, spec };
        this.see(await client.merge(LEASE, name, patch, { ...options, namespace }));
      }
      return true;
    } catch (error) {
      if (isConflict(error) || (isNotFound(error) && this.exists)) return false;
      throw error;
    }
  }
}
