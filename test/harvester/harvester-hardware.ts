/** A NIC of a node that Harvester's controller looks after. */
export interface HarvesterNic {
  readonly nodeName: string;
  readonly interfaceName: string;
  /** PCI address. */
  readonly address: string;
  /** What the hardware supports, of which Harvester's objects tell nothing. */
  readonly totalVfs: number;
}

/** What the kernels of Harvester's nodes have: VFs of NICs, by the rules of `sriov_numvfs`. */
export class HarvesterHardware {
  private readonly counts = new Map<HarvesterNic, number>();

  constructor(readonly nics: readonly HarvesterNic[]) {}

  numVfs(nic: HarvesterNic): number {
    return this.counts.get(nic) ?? 0;
  }

  /** @throws {Error} with the errno that Linux answers. */
  write(nic: HarvesterNic, count: number): void {
    const current = this.numVfs(nic);
    if (count < 0) throw new Error(`write sriov_numvfs ${count}: invalid argument`);
    if (count > nic.totalVfs) throw new Error(`write sriov_numvfs ${count}: numerical result out of range`);
    if (current !== 0 && count !== 0 && current !== count)
      throw new Error(`write sriov_numvfs ${count}: device or resource busy`);
    this.counts.set(nic, count);
  }

  /** PCI addresses of its VFs, in VF order: `0000:04:00.0` has `0000:04:10.0`, `0000:04:10.2`, … */
  vfs(nic: HarvesterNic): readonly string[] {
    return Array.from({ length: this.numVfs(nic) }, (_, index) => {
      const slot = (0x10 + Math.floor(index / 4)).toString(16);
      return `${nic.address.slice(0, "0000:00".length)}:${slot}.${(index % 4) * 2}`;
    });
  }

  /** All VFs are gone, as after the node's start. */
  reboot(nodeName: string): void {
    for (const nic of this.nics) if (nic.nodeName === nodeName) this.lose(nic);
  }

  /** Its VFs are gone, by nobody's write. */
  lose(nic: HarvesterNic): void {
    this.counts.delete(nic);
  }
}
