import { NODE } from "../../api/core.js";
import { PCI_DEVICE, type PciDevice } from "../../api/pci-device.js";
import { Informer } from "../../kube/informer.js";
import { type Lab, startLab } from "../../lab/lab.js";
import { beginRun } from "../../lab/processes/lab-run.js";
import { HARVESTER_NETWORK_DEVICE, type HarvesterNetworkDevice } from "../../provider/core/device/harvester-object.js";
import { until } from "../integration/agent/observer.js";
import { HarvesterClaims } from "./harvester-claims.js";
import { type ControllerOptions, HarvesterController, objectName } from "./harvester-controller.js";
import { HarvesterHardware, type HarvesterNic } from "./harvester-hardware.js";
import { installHarvesterKinds } from "./harvester-kinds.js";

export const NODE_NAME = "harvester-659jw";
/** What each NIC supports. */
export const TOTAL_VFS = 7;

/** A cluster with Harvester's kinds alone, one node, and a controller that behaves as Harvester's. */
export class HarvesterCluster {
  private taken = 0;

  private constructor(
    readonly lab: Lab,
    readonly hardware: HarvesterHardware,
    private controller: HarvesterController,
    private readonly claims: HarvesterClaims,
    private readonly nics: Informer<HarvesterNetworkDevice>,
    private readonly pciDevices: Informer<PciDevice>,
  ) {}

  static async start(options: ControllerOptions & { readonly nics?: number } = {}): Promise<HarvesterCluster> {
    const lab = await startLab(await beginRun({ label: "test" }), { contract: false });
    const { client } = lab;
    await installHarvesterKinds(client);
    await client.create(NODE, { metadata: { name: NODE_NAME } }, { fieldManager: "kubelet" });
    const hardware = new HarvesterHardware(Array.from({ length: options.nics ?? 16 }, (_, index) => nicAt(index)));
    const controller = await HarvesterController.start(client, hardware, options);
    const nics = new Informer(client, HARVESTER_NETWORK_DEVICE).start();
    const pciDevices = new Informer(client, PCI_DEVICE).start();
    await Promise.all([nics.synced, pciDevices.synced]);
    return new HarvesterCluster(lab, hardware, controller, new HarvesterClaims(client), nics, pciDevices);
  }

  async stop(): Promise<void> {
    await Promise.all([this.controller.stop(), this.claims.stop(), this.nics.stop(), this.pciDevices.stop()]);
    this.lab.client.close();
    await this.lab.run.stop();
  }

  /** The next NIC that no test has had. */
  freshNic(): HarvesterNic {
    const nic = this.hardware.nics[this.taken++];
    if (nic === undefined) throw new Error("no NIC is left");
    return nic;
  }

  /** The controller's own log. */
  get log(): readonly string[] {
    return this.controller.log;
  }

  /** Nobody carries anything out until {@link startController}. */
  stopController(): Promise<void> {
    return this.controller.stop();
  }

  async startController(): Promise<void> {
    this.controller = await HarvesterController.start(this.lab.client, this.hardware);
  }

  /** The live object. */
  device(nic: HarvesterNic): Promise<HarvesterNetworkDevice> {
    return this.lab.client.get(HARVESTER_NETWORK_DEVICE, objectName(nic));
  }

  /** Resolves with the object once it is so. */
  until(nic: HarvesterNic, wanted: (device: HarvesterNetworkDevice) => boolean): Promise<HarvesterNetworkDevice> {
    return until(this.nics, () => this.nics.get(objectName(nic)), wanted, objectName(nic));
  }

  /** Resolves once the PCIDevice is there. */
  listed(name: string): Promise<PciDevice> {
    return until(
      this.pciDevices,
      () => this.pciDevices.get(name),
      ({ status }) => status !== undefined,
      name,
    );
  }

  /** Sets the count as Harvester's own pages do. */
  async edit(nic: HarvesterNic, numVFs: number, fieldManager = "harvester"): Promise<void> {
    await this.lab.client.merge(HARVESTER_NETWORK_DEVICE, objectName(nic), { spec: { numVFs } }, { fieldManager });
  }

  /** Managers that own the count now. */
  async owners(nic: HarvesterNic): Promise<string[]> {
    const { managedFields = [] } = (await this.device(nic)).metadata;
    return managedFields
      .filter(({ fieldsV1 }) => fieldsV1?.["f:spec"]?.["f:numVFs"] !== undefined)
      .map(({ manager = "" }) => manager);
  }
}

/** Interfaces are numbered; every NIC has a bus of its own. */
function nicAt(index: number): HarvesterNic {
  const bus = (4 + index).toString(16).padStart(2, "0");
  return {
    nodeName: NODE_NAME,
    interfaceName: `eno${49 + index}`,
    address: `0000:${bus}:00.0`,
    totalVfs: TOTAL_VFS,
  };
}
