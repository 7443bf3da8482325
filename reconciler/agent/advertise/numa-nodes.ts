import type { Kernel } from "../../kernel/kernel.js";

/** At which NUMA node functions are. It never changes while a function is there, so that each is looked at once. */
export class NumaNodes {
  private readonly known = new Map<string, number | undefined>();

  constructor(private readonly kernel: Pick<Kernel, "pciFunctions">) {}

  /**
   * Learns of these functions, and forgets all others.
   *
   * @throws {KernelError} The node's functions cannot be listed.
   */
  async learn(addresses: ReadonlySet<string>): Promise<void> {
    for (const address of this.known.keys()) if (!addresses.has(address)) this.known.delete(address);
    if ([...addresses].every((address) => this.known.has(address))) return;
    for (const { address, numaNode } of await this.kernel.pciFunctions()) {
      if (addresses.has(address)) this.known.set(address, numaNode);
    }
  }

  /** Undefined where the machine does not say. */
  of(address: string): number | undefined {
    return this.known.get(address);
  }
}
