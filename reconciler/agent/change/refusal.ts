import { KernelError, type PhysicalFunction } from "../../kernel/kernel.js";
import type { Refusal } from "./outcome.js";

/**
 * What the kernel answered, in its own words, and what an operator can do about it. `nic` is undefined where it could not
 * be read.
 *
 * @throws `error` where it is no answer of the kernel's.
 */
export function refusalBy(error: unknown, nic: Pick<PhysicalFunction, "driver"> | undefined): Refusal {
  if (!(error instanceof KernelError)) throw error;
  return refused(`${error.message}. ${nic === undefined ? DEFAULT_ADVICE : adviceFor(error.code, nic)}`);
}

export function refused(message: string): Refusal {
  return { kind: "kernelRefused", message: `${message} It is tried again with growing pauses.` };
}

function adviceFor(code: string, { driver }: Pick<PhysicalFunction, "driver">): string {
  switch (code) {
    case "EROFS":
      return "sysfs is read-only for the agent: mount the node's /sys read-write into its container.";
    case "EACCES":
    case "EPERM":
      return "Run the agent as root, with the capabilities that it needs, and look for denials by AppArmor or SELinux.";
    case "ENOENT":
      return driver === undefined
        ? "The NIC has no driver bound: load its driver's module, or bind it."
        : `The NIC's driver, ${driver}, makes no VFs: look for an option of its module, a newer one, or SR-IOV in the NIC's firmware.`;
    case "ENODEV":
      return "The NIC went away meanwhile: look for its removal or reset in the node's kernel log (dmesg).";
    case "ENOMEM":
    case "ENOSPC":
      // drivers/pci/iov.c answers ENOMEM where bus numbers or the VFs' memory windows do not suffice.
      return (
        "The machine has too few PCI bus numbers or too little memory space for so many VFs: enable SR-IOV and " +
        '"above 4G decoding" in its firmware, or boot with pci=assign-busses or pci=realloc.'
      );
    case "ERANGE":
      return "Ask for fewer VFs, or raise the maximum in the NIC's firmware.";
    case "EBUSY":
      return "Somebody else changes this NIC, or its driver has it in a mode without VFs: see the node's kernel log (dmesg).";
    case "ETIMEDOUT":
      return (
        "The write may still be under way in the kernel: look for a process that holds a VF open and for the " +
        "driver's messages in the node's kernel log (dmesg)."
      );
    default:
      return DEFAULT_ADVICE;
  }
}

const DEFAULT_ADVICE =
  "See what the NIC's driver says in the node's kernel log (dmesg); SR-IOV and IOMMU must be on in the firmware.";
