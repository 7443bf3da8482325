import { Annotation, Label } from "../../api/names.js";
import { Informer } from "../../kube/informer.js";
import type { KubeClient } from "../../kube/client.js";
import { isNotFound, messageOf } from "../../kube/errors.js";
import { HARVESTER_NETWORK_DEVICE, type HarvesterNetworkDevice } from "../../provider/core/device/harvester-object.js";
import { pciDeviceName } from "../../api/names.js";
import type { HarvesterHardware, HarvesterNic } from "./harvester-hardware.js";
import { scanPciDevices } from "./harvester-scan.js";

/** Binary name of Harvester's controller, by which it owns what it writes. */
export const CONTROLLER = "pcidevices";

export interface ControllerOptions {
  /** From the end of one look at all devices to the next; Harvester's is 30 s. Default 200. */
  readonly scanMs?: number;
}

/**
 * Behaves as Harvester's pcidevices controller was measured to, faster: a count is carried out as it stands, by a write that
 * the kernel refuses from one count to another; the refusal stands in the log, and is tried again for ever; the status
 * follows at once, but never says whose generation it is of; `vfPCIDevices` stays when the VFs go; a look at all devices
 * now and then lists the VFs, and makes the NICs' objects where there are none, with 0.
 */
export class HarvesterController {
  /** What it says, and nobody else is told. */
  readonly log: string[] = [];
  private readonly nics: Informer<HarvesterNetworkDevice>;
  private readonly running = new Set<string>();
  private readonly timers = new Set<NodeJS.Timeout>();
  private isStopped = false;
  private pass: Promise<void> = Promise.resolve();

  private constructor(
    private readonly client: KubeClient,
    private readonly hardware: HarvesterHardware,
    private readonly scanMs: number,
  ) {
    this.nics = new Informer(client, HARVESTER_NETWORK_DEVICE);
  }

  /** Resolves once the objects of all NICs are there. */
  static async start(
    client: KubeClient,
    hardware: HarvesterHardware,
    { scanMs = 200 }: ControllerOptions = {},
  ): Promise<HarvesterController> {
    const controller = new HarvesterController(client, hardware, scanMs);
    controller.nics.onChange(({ kind, object }) => {
      if (kind === "set") controller.reconcile(object.metadata.name);
    });
    await controller.nics.start().synced;
    await controller.scan();
    controller.scanLater();
    return controller;
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    for (const timer of this.timers) clearTimeout(timer);
    await this.nics.stop();
    await this.pass;
  }

  /** One look at all devices. */
  private async scan(): Promise<void> {
    for (const nic of this.hardware.nics) {
      if (this.nics.get(objectName(nic)) === undefined) await this.discover(nic);
    }
    await scanPciDevices(this.client, this.hardware, this.nics.list());
  }

  private scanLater(): void {
    this.later(this.scanMs, () => {
      this.pass = this.scan()
        .catch((error: unknown) => void this.log.push(messageOf(error)))
        .then(() => this.scanLater());
    });
  }

  private async discover(nic: HarvesterNic): Promise<void> {
    const { nodeName, interfaceName, address } = nic;
    const labels = { [Label.nodeName]: nodeName };
    const annotations = { [Annotation.interfaceName]: interfaceName };
    const object = { metadata: { name: objectName(nic), labels, annotations }, spec: { address, nodeName, numVFs: 0 } };
    this.nics.observe(await this.client.create(HARVESTER_NETWORK_DEVICE, object, { fieldManager: CONTROLLER }));
  }

  /** Until it works; one at a time of a NIC. */
  private reconcile(name: string, failures = 0): void {
    if (this.running.has(name) || this.isStopped) return;
    this.running.add(name);
    // The kernel takes its time.
    this.later(KERNEL_MS, () => void this.carryOut(name, failures));
  }

  private async carryOut(name: string, failures: number): Promise<void> {
    const seen = this.nics.get(name);
    try {
      if (seen !== undefined) await this.configure(seen);
      this.running.delete(name);
      const now = this.nics.get(name);
      if (now?.metadata.generation !== seen?.metadata.generation) this.reconcile(name);
    } catch (error) {
      if (!isNotFound(error)) this.log.push(`error syncing '${name}': ${messageOf(error)}, requeuing`);
      this.later(Math.min(10 * 2 ** failures, 200), () => {
        this.running.delete(name);
        this.reconcile(name, failures + 1);
      });
    }
  }

  private async configure({ metadata, spec, status = {} }: HarvesterNetworkDevice): Promise<void> {
    const { name } = metadata;
    const nic = this.hardware.nics.find((candidate) => objectName(candidate) === name);
    if (nic === undefined) return;
    const { numVFs = 0 } = spec;
    const current = this.hardware.numVfs(nic);
    if (current !== numVFs) this.hardware.write(nic, numVFs);
    // With nothing to do it leaves the status as it is, whatever it says.
    if (numVFs === 0 && current === 0) return;
    const addresses = asListed(this.hardware.vfs(nic));
    const told =
      numVFs === 0
        ? { status: "sriovNetworkDeviceDisabled", vfAddresses: null }
        : {
            status: "sriovNetworkDeviceEnabled",
            vfAddresses: addresses,
            vfPCIDevices: addresses.map((address) => pciDeviceName(nic.nodeName, address)),
          };
    if (JSON.stringify({ ...status, ...told }) === JSON.stringify(status)) return;
    const options = { fieldManager: CONTROLLER, subresource: "status" } as const;
    this.nics.observe(await this.client.merge(HARVESTER_NETWORK_DEVICE, name, { status: told }, options));
  }

  private later(ms: number, act: () => void): void {
    if (this.isStopped) return;
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      act();
    }, ms);
    this.timers.add(timer);
  }
}

const KERNEL_MS = 5;

/** In the order of a folder's listing: `virtfn10` comes before `virtfn2`. */
function asListed(vfs: readonly string[]): readonly string[] {
  const links = vfs.map((address, index) => ({ link: `virtfn${index}`, address }));
  return links.sort((a, b) => (a.link < b.link ? -1 : 1)).map(({ address }) => address);
}

export function objectName({ nodeName, interfaceName }: HarvesterNic): string {
  return `${nodeName}-${interfaceName}`.toLowerCase();
}
