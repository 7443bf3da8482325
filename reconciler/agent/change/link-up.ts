import { type Kernel, KernelError, type PhysicalFunction } from "../../kernel/kernel.js";

export interface LinkResult {
  /** The NIC as it is now. */
  readonly nic: PhysicalFunction | undefined;
  /** Why an interface of the NIC is still down, for people. */
  readonly shortcoming: string | undefined;
}

/** VFs have no link while their NIC's own interface is administratively down. A refusal of that costs no VF. */
export async function setLinkUp(kernel: Kernel, nic: PhysicalFunction, deadlineMs: number): Promise<LinkResult> {
  const down = nic.interfaces.filter(({ up }) => !up);
  if (nic.numVfs === 0 || down.length === 0) return { nic, shortcoming: undefined };
  const refusals: string[] = [];
  for (const { name } of down) {
    try {
      await kernel.setInterfaceUp(nic.address, name, { deadlineMs });
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      refusals.push(
        `${name} is down, so that its VFs have no link, and could not be set up: ${error.message}. Run ` +
          `"ip link set ${name} up" on the node${error.code === "EPERM" ? ", or give the agent CAP_NET_ADMIN" : ""}.`,
      );
    }
  }
  const shortcoming = refusals.length === 0 ? undefined : refusals.join(" ");
  // Read again also where it was refused, since another port may be up now.
  return { nic: await kernel.physicalFunction(nic.address), shortcoming };
}
