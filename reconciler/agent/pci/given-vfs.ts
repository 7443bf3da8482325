import { type PciNames, pciResourceName } from "../../../api/pci-device-names.js";
import { VFIO_DRIVER } from "../../../api/pci-device-claim.js";
import type { Kernel, NodeSnapshot, PciAddress, PciFunctionDetail } from "../../kernel/kernel.js";
import { messageOf } from "../../../kube/errors.js";
import type { GivenVf } from "../advertise/pools.js";
import { eligibilityOf, type NodeNeeds } from "../discovery/eligibility.js";
import { interfaceUser } from "../usage/interface-users.js";
import { isGivenVf } from "./is-given-vf.js";
import type { PciIds } from "./pci-ids.js";

/** A VF that this machine, a guest, was given. Nobody here can make or remove it. */
export interface FoundVf extends GivenVf {
  readonly address: PciAddress;
  /** What the node itself needs it for, in words; absent where it is free for pods and guests. */
  readonly neededFor?: string;
}

export interface GivenVfsParts {
  readonly kernel: Pick<Kernel, "pciFunction">;
  readonly ids: Pick<PciIds, "namesOf">;
  /** IDs of functions that are VFs, whatever their driver is called: `8086:1889`. */
  readonly listed: readonly string[];
}

/** The VFs that this machine was given by its hypervisor. They have no PF here, so no SriovNetworkDevice speaks of them. */
export class GivenVfs {
  private found: ReadonlyMap<PciAddress, FoundVf> = new Map();

  constructor(private readonly parts: GivenVfsParts) {}

  /** As they were at the last look, in order of their addresses. */
  list(): readonly FoundVf[] {
    return [...this.found.values()];
  }

  has(address: PciAddress): boolean {
    return this.found.has(address);
  }

  /** Looks at them now. Few machines have NICs without SR-IOV, beside which there is nothing to read. */
  async look(snapshot: NodeSnapshot, needs: NodeNeeds): Promise<readonly FoundVf[]> {
    const looks = snapshot.incapable.map(({ address }) => this.lookAt(address, snapshot, needs));
    const found = (await Promise.all(looks)).filter((it) => it !== undefined);
    this.found = new Map(found.map((it) => [it.address, it]));
    return found;
  }

  private async lookAt(address: PciAddress, network: NodeSnapshot, needs: NodeNeeds): Promise<FoundVf | undefined> {
    const known = this.found.get(address);
    try {
      const detail = await this.parts.kernel.pciFunction(address);
      if (detail === undefined) return undefined;
      const [names = {}] = await this.parts.ids.namesOf([detail]);
      // A claim takes its driver away, by which it may have been known.
      if (known === undefined && !isGivenVf(detail, names, this.parts.listed)) return undefined;
      return { address, resourceName: poolOf(detail, names), ...useOf(detail, network, needs) };
    } catch (error) {
      // Whether the node needs it cannot be told, so nobody gets it now.
      return known && { ...known, unhealthy: `it cannot be read: ${messageOf(error)}` };
    }
  }
}

/** Without the vendor's domain: what stands before it is the prefix of all pools of ours. */
function poolOf(detail: PciFunctionDetail, names: PciNames): string {
  return pciResourceName(detail, names).replace(/^.*\//, "");
}

function useOf(
  detail: PciFunctionDetail,
  network: NodeSnapshot,
  needs: NodeNeeds,
): Pick<FoundVf, "neededFor" | "unhealthy"> {
  const { eligible, message } = eligibilityOf(detail, network, needs);
  const user = interfaceUser({ ...detail, interfaceElsewhere: false });
  const neededFor = eligible ? user && `it is used by the node: ${user}` : message;
  if (neededFor !== undefined) return { neededFor, unhealthy: neededFor };
  const unhealthy = whyNoInterface(detail);
  return unhealthy === undefined ? {} : { unhealthy };
}

/** A pod that has it has its interface, too. */
function whyNoInterface({ driver, interfaces, interfaceElsewhere }: PciFunctionDetail): string | undefined {
  if (interfaces.length > 0 || interfaceElsewhere) return undefined;
  if (driver === undefined) return "it has no driver";
  return driver === VFIO_DRIVER ? `its driver is ${VFIO_DRIVER}` : "it has no network interface";
}
