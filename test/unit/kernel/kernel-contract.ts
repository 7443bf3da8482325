import type { Kernel } from "../../../reconciler/kernel/kernel.js";
import { ContractNode } from "./contract/contract-node.js";
import { describeCounts } from "./contract/counts.js";
import { describeDrivers } from "./contract/drivers.js";
import { describeFunctions } from "./contract/functions.js";
import { describeInterfaces } from "./contract/interfaces.js";
import { describeReading } from "./contract/reading.js";

export interface KernelUnderTest {
  /** On a node with at least two NICs that are there for the tests, each good for 7 VFs or more. */
  readonly kernel: () => Kernel;
  /** The two of them, where the node has others that are to be left alone. Default: the first two of a scan. */
  readonly nics?: readonly [string, string];
  /** For one test; each makes up to three writes. Default 10000. */
  readonly timeoutMs?: number;
}

/** What is true of every kernel, real or simulated. It leaves both NICs with 0 VFs. */
export function describeKernelContract(name: string, { kernel, nics, timeoutMs = 10_000 }: KernelUnderTest): void {
  describe(`${name} keeps the kernel's contract`, function () {
    this.timeout(timeoutMs);
    const node = new ContractNode(kernel, timeoutMs);

    before(async () => {
      await node.take(nics);
      await node.removeAllVfs();
    });
    after(node.removeAllVfs);

    describeReading(node);
    describeDrivers(node);
    describeInterfaces(node);
    describeFunctions(node);
    describeCounts(node);
  });
}
