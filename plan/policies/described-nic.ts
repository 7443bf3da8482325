import type { NicFacts } from "./snapshot.js";

/** A NIC with the words by which messages call it, made once for all of them. */
export interface DescribedNic extends NicFacts {
  /** Its device, its interface and where it is: `node1-ens1f0 (ens1f0, 0000:86:00.0 on node node1)`. */
  readonly description: string;
}

export function describedNic(nic: NicFacts): DescribedNic {
  const { device, interfaceName, address, nodeName } = nic;
  const place = interfaceName === "" ? address : `${interfaceName}, ${address}`;
  return { ...nic, description: `${device} (${place} on node ${nodeName})` };
}
