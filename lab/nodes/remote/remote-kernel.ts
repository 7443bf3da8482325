import type {
  BindOptions,
  Kernel,
  ListedPciFunction,
  NodeSnapshot,
  PciAddress,
  PciFunctionDetail,
  PhysicalFunction,
  WriteOptions,
} from "../../../reconciler/kernel/kernel.js";
import type { Connection } from "./connection.js";

/** A kernel at the other end of a connection, where {@link serveCalls} has it: that end keeps deadlines, too. */
export class RemoteKernel implements Kernel {
  constructor(private readonly connection: Connection) {}

  async scan(): Promise<NodeSnapshot> {
    return (await this.connection.request("scan", [])) as NodeSnapshot;
  }

  async physicalFunction(address: PciAddress): Promise<PhysicalFunction | undefined> {
    return (await this.connection.request("physicalFunction", [address])) as PhysicalFunction | undefined;
  }

  async setNumVfs(address: PciAddress, count: number, options: WriteOptions): Promise<void> {
    await this.connection.request("setNumVfs", [address, count, options]);
  }

  async setDriversAutoprobe(address: PciAddress, on: boolean, options: WriteOptions): Promise<void> {
    await this.connection.request("setDriversAutoprobe", [address, on, options]);
  }

  async bindDriver(address: PciAddress, driver: string | undefined, options: BindOptions): Promise<void> {
    await this.connection.request("bindDriver", [address, driver, options]);
  }

  async setInterfaceUp(address: PciAddress, interfaceName: string, options: WriteOptions): Promise<void> {
    await this.connection.request("setInterfaceUp", [address, interfaceName, options]);
  }

  async setMtu(address: PciAddress, interfaceName: string, mtu: number, options: WriteOptions): Promise<void> {
    await this.connection.request("setMtu", [address, interfaceName, mtu, options]);
  }

  async pciFunctions(): Promise<readonly ListedPciFunction[]> {
    return (await this.connection.request("pciFunctions", [])) as readonly ListedPciFunction[];
  }

  async pciFunction(address: PciAddress): Promise<PciFunctionDetail | undefined> {
    return (await this.connection.request("pciFunction", [address])) as PciFunctionDetail | undefined;
  }

  async hasVfioGroup(iommuGroup: string): Promise<boolean> {
    return (await this.connection.request("hasVfioGroup", [iommuGroup])) as boolean;
  }

  async loadDriver(driver: string, options: WriteOptions): Promise<void> {
    await this.connection.request("loadDriver", [driver, options]);
  }

  /** The next call connects again. */
  close(): void {
    this.connection.close();
  }
}
