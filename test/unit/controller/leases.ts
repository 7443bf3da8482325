import { type Lease, LEASE } from "../../../api/lease.js";
import type { CallOptions, KubeClient } from "../../../kube/client.js";
import { ApiError, ConnectionError } from "../../../kube/errors.js";

/** An API server that has one Lease and nothing else, and does what a test says. */
export class Leases {
  lease: Lease | undefined;
  /** What it was asked, in order: `create a`, `merge a`. */
  readonly writes: string[] = [];
  /** How it answers writes. */
  mode: "well" | "away" | "silent" = "well";
  private version = 0;
  private readonly waiting: (() => void)[] = [];

  get client(): KubeClient {
    const { get, create, merge } = this;
    const list = () => Promise.resolve({ metadata: { resourceVersion: "0" }, items: [] });
    return { get, create, merge, list, watch: never } as unknown as KubeClient;
  }

  /** Somebody else writes the lease as it pleases him. */
  put(holderIdentity: string | undefined, seconds = 60): void {
    const spec = { leaseDurationSeconds: seconds, ...(holderIdentity !== undefined && { holderIdentity }) };
    this.store(spec);
  }

  remove(): void {
    this.lease = undefined;
  }

  /** Resolves when so many writes have come in. */
  async written(count: number): Promise<void> {
    while (this.writes.length < count) await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  private readonly get = async (_type: typeof LEASE, _name: string, options: CallOptions): Promise<Lease> => {
    await this.answer(options);
    if (this.lease === undefined) throw new ApiError("not found", 404, { details: {} });
    return this.lease;
  };

  private readonly create = async (_type: typeof LEASE, { spec }: Lease, options: CallOptions): Promise<Lease> => {
    await this.answer(options, `create ${spec?.holderIdentity ?? "nobody"}`);
    if (this.lease !== undefined) throw new ApiError("exists already", 409, {});
    return this.store(spec);
  };

  private readonly merge = async (
    _type: typeof LEASE,
    _name: string,
    patch: Lease,
    options: CallOptions,
  ): Promise<Lease> => {
    await this.answer(options, `merge ${patch.spec?.holderIdentity ?? "nobody"}`);
    if (this.lease === undefined) throw new ApiError("not found", 404, { details: {} });
    if (patch.metadata.resourceVersion !== this.lease.metadata.resourceVersion)
      throw new ApiError("the object has been modified", 409, {});
    return this.store({ ...this.lease.spec, ...patch.spec });
  };

  private async answer({ signal }: CallOptions, write?: string): Promise<void> {
    if (write !== undefined) this.writes.push(write);
    for (const resolve of this.waiting.splice(0)) resolve();
    await Promise.resolve();
    if (this.mode === "away") throw new ConnectionError("refused", "ECONNREFUSED");
    if (this.mode === "silent") await new Promise((_resolve, reject) => signal?.addEventListener("abort", reject));
  }

  private store(spec: Lease["spec"]): Lease {
    const resourceVersion = String(++this.version);
    this.lease = { metadata: { name: "lease", uid: "1", resourceVersion }, ...(spec && { spec }) };
    return this.lease;
  }
}

/** A watch that brings nothing until it is ended. */
async function* never(_type: unknown, { signal }: { readonly signal: AbortSignal }): AsyncGenerator<never> {
  await new Promise((_resolve, reject) =>
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true }),
  );
  yield* [];
}
