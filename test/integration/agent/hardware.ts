import type { NicSpec } from "../../../lab/nodes/simulated/hardware.js";
import type { SimulatedHardware } from "../../../lab/nodes/simulated/hardware-client.js";

/** NIC `index` of a node with many, `nic0` at 0000:01:00.0; its VFs share its bus. */
export function nic(index: number): NicSpec & { readonly name: string } {
  return { name: `nic${index}`, address: addressOf(index), interfaces: [{ name: `nic${index}` }], totalVfs: 16 };
}

export function nics(count: number): NicSpec[] {
  return Array.from({ length: count }, (_, index) => nic(index));
}

export function addressOf(index: number): string {
  return `0000:${(index + 1).toString(16).padStart(2, "0")}:00.0`;
}

/** The counts that were written to one NIC, in order. */
export async function countsWritten(hardware: SimulatedHardware, address: string): Promise<number[]> {
  return (await hardware.writes()).filter((write) => write.address === address).map(({ count }) => count);
}
