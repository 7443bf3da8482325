import type { SriovNetworkDevice } from "../../../api/sriov-network-device.js";
import type { PhysicalFunction } from "../../kernel/kernel.js";
import { wantedCount } from "./decide.js";

/** The hardware no longer has the VFs that were reported as configured, and nobody has asked for that. */
export interface Deviation {
  /** `restart`: the agent has just started and finds none, as after a restart of the node. `drift`: somebody's hand. */
  readonly kind: "restart" | "drift";
  /** How many VFs the status tells of. */
  readonly reported: number;
  /** How many there are. */
  readonly found: number;
}

/** Remembers a deviation while the hardware stays so, though the status meanwhile tells the truth. */
export class DeviationWatch {
  private lookedAt = false;
  private known: Deviation | undefined;

  /** The same object again for the same deviation. */
  see(device: SriovNetworkDevice, nic: PhysicalFunction): Deviation | undefined {
    const seen = deviationOf(device, nic, !this.lookedAt);
    this.lookedAt = true;
    if (this.known?.found !== nic.numVfs) this.known = undefined;
    if (this.known?.reported !== seen?.reported) this.known = seen ?? this.known;
    return this.known;
  }

  forget(): void {
    this.known = undefined;
  }
}

/** Pure. `firstLook`: the agent has not looked at this NIC since it was started. */
export function deviationOf(
  device: SriovNetworkDevice,
  nic: PhysicalFunction,
  firstLook: boolean,
): Deviation | undefined {
  const { status, metadata } = device;
  if (status?.observedGeneration !== metadata.generation) return undefined;
  const reported = status?.virtualFunctions?.length ?? 0;
  const found = nic.numVfs;
  // Whatever Ready said: a refused MTU, say, leaves the count as it was asked for.
  if (reported !== wantedCount(device) || found === reported) return undefined;
  return { kind: firstLook && found === 0 ? "restart" : "drift", reported, found };
}

/** What people should see of it, and what comes of it. */
export function describeDrift({ reported, found }: Deviation, consequence: string): string {
  return (
    `the NIC has ${found} ${found === 1 ? "VF" : "VFs"}, not the ${reported} that were configured: somebody wrote ` +
    `sriov_numvfs past the agent, or the NIC was reset. ${consequence}`
  );
}
