import { expect } from "chai";
import {
  KernelError,
  parsePciAddress,
  type Kernel,
  type PciAddress,
  type PhysicalFunction,
  type VirtualFunction,
} from "../../../../reconciler/kernel/kernel.js";

/** The kernel that is held to its contract, and what every part of that does with its two NICs. */
export class ContractNode {
  nic = ABSENT;
  otherNic = ABSENT;
  readonly options;

  constructor(
    readonly kernel: () => Kernel,
    deadlineMs: number,
  ) {
    this.options = { deadlineMs };
  }

  /** Takes the given NICs, or the first two of a scan. */
  async take(nics: readonly [string, string] | undefined): Promise<void> {
    const found: readonly string[] = (await this.kernel().scan()).physicalFunctions.map((pf) => pf.address);
    const [first = "", second = ""] = nics ?? found;
    this.nic = parsePciAddress(first);
    this.otherNic = parsePciAddress(second);
  }

  readonly write = (address: PciAddress, count: number): Promise<void> =>
    this.kernel().setNumVfs(address, count, this.options);

  readonly writes = async (...counts: number[]): Promise<void> => {
    for (const count of counts) await this.write(this.nic, count);
  };

  readonly refusal = (address: PciAddress, count: number): Promise<KernelError> => refused(this.write(address, count));

  readonly read = async (address = this.nic): Promise<PhysicalFunction> => {
    const found = await this.kernel().physicalFunction(address);
    return found ?? expect.fail(`${address} is gone`);
  };

  readonly readVf = async (index = 0): Promise<VirtualFunction> =>
    (await this.read()).virtualFunctions[index] ?? expect.fail(`VF ${index} of ${this.nic} is gone`);

  readonly vfAddresses = async (address = this.nic): Promise<PciAddress[]> =>
    (await this.read(address)).virtualFunctions.map((vf) => vf.address);

  /** When every VF has its driver and its interface. */
  readonly ready = (): Promise<void> =>
    eventually(async () => (await this.read()).virtualFunctions.every((vf) => this.isReady(vf)));

  readonly isReady = (vf: VirtualFunction): boolean => vf.driver !== undefined && vf.interfaces.length === 1;

  /** Costs nothing where there are none; on an emulated machine, removing takes seconds. */
  readonly removeAllVfs = async (): Promise<void> => {
    await this.write(this.nic, 0);
    await this.write(this.otherNic, 0);
  };
}

export const MAC_ADDRESS = /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/;

/** No machine of ours has that many buses. */
export const ABSENT = parsePciAddress("0000:fe:1f.7");

export const NO_ADDRESS = "../../../tmp" as PciAddress;

export function refused(attempt: Promise<void>): Promise<KernelError> {
  return attempt.then(() => expect.fail("it went through"), asKernelError);
}

export function asKernelError(error: unknown): KernelError {
  if (error instanceof KernelError) return error;
  throw error;
}

export function routingId(address: PciAddress): number {
  const [, bus = "", device = "", fn = ""] = address.split(/[:.]/);
  return (parseInt(bus, 16) << 8) | (parseInt(device, 16) << 3) | parseInt(fn, 16);
}

/** The kernel interface has no event for a late driver or name; the test's own timeout ends the asking. */
export async function eventually(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 20));
}
