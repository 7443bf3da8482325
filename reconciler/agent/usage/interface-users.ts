import type { NetworkFunction, PciAddress, PhysicalFunction } from "../../kernel/kernel.js";

/** Said of an interface that cannot be seen from the node's own network namespace. */
export const ELSEWHERE = "another network namespace";

/** VFs that the node itself, or a network namespace on it, uses, as the kernel shows them. Pure. */
export function interfaceUsers(nic: PhysicalFunction): ReadonlyMap<PciAddress, string> {
  const users = nic.virtualFunctions.map((vf) => [vf.address, interfaceUser(vf)] as const);
  return new Map(users.filter((entry): entry is [PciAddress, string] => entry[1] !== undefined));
}

/** Do the words of a VF's `usedBy` say that the node itself uses it? Pure. */
export function isNodesOwn(usedBy: string): boolean {
  return usedBy.split(", ").some((user) => user.startsWith("interface "));
}

/** Who uses a function's interfaces, as the kernel shows them. Pure. */
export function interfaceUser({
  interfaces,
  interfaceElsewhere,
}: Pick<NetworkFunction, "interfaces"> & { readonly interfaceElsewhere: boolean }): string | undefined {
  if (interfaceElsewhere) return ELSEWHERE;
  for (const { name, uppers, addresses } of interfaces) {
    if (uppers[0] !== undefined) return `interface ${name} in ${uppers[0]}`;
    if (addresses[0] !== undefined) return `interface ${name} with address ${addresses[0]}`;
  }
  return undefined;
}
