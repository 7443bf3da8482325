import type { Kernel } from "../../../reconciler/kernel/kernel.js";

/** A kernel that answers only what a test says; everything else fails it. */
export function kernelWith(answers: Partial<Kernel>): Kernel {
  const unasked = (): never => {
    throw new Error("not asked for here");
  };
  return {
    scan: unasked,
    physicalFunction: unasked,
    setNumVfs: unasked,
    setDriversAutoprobe: unasked,
    bindDriver: unasked,
    setInterfaceUp: unasked,
    setMtu: unasked,
    pciFunctions: unasked,
    pciFunction: unasked,
    hasVfioGroup: unasked,
    loadDriver: unasked,
    ...answers,
  };
}
