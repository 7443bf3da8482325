import { setTimeout } from "node:timers/promises";
import { Label, pciDeviceName } from "../../api/names.js";
import { PCI_DEVICE, type PciDevice } from "../../api/pci-device.js";
import { readyCondition, SRIOV_NETWORK_DEVICE, type SriovNetworkDevice } from "../../api/sriov-network-device.js";
import { KubeClient } from "../../kube/client.js";
import { Informer } from "../../kube/informer.js";
import type { Lab } from "../../lab/lab.js";

/** Changes counts as kubectl does, and sees by watch when all is done that a change asks for. */
export class ChangeWatch {
  private constructor(
    private readonly client: KubeClient,
    readonly devices: Informer<SriovNetworkDevice>,
    private readonly pciDevices: Informer<PciDevice>,
  ) {}

  static async open(lab: Lab): Promise<ChangeWatch> {
    const devices = new Informer(lab.client, SRIOV_NETWORK_DEVICE).start();
    const pciDevices = new Informer(lab.client, PCI_DEVICE).start();
    await Promise.all([devices.synced, pciDevices.synced]);
    return new ChangeWatch(
      KubeClient.open({ kubeconfig: lab.controlPlane.kubeconfig }, "kubectl"),
      devices,
      pciDevices,
    );
  }

  async close(): Promise<void> {
    this.client.close();
    await Promise.all([this.devices.stop(), this.pciDevices.stop()]);
  }

  /** Milliseconds from the request that sets the count until `Ready` and all PCIDevices are seen. */
  change(name: string, numVfs: number): Promise<number> {
    return this.timed(name, numVfs, (device) => this.isComplete(device, numVfs));
  }

  /** Milliseconds from the request that sets the number until `isDone` holds for the generation that it made. */
  async timed(name: string, numVFS: number, isDone: (device: SriovNetworkDevice) => boolean): Promise<number> {
    const before = this.devices.get(name)?.metadata.generation ?? 1;
    const { promise: done, resolve } = Promise.withResolvers<number>();
    const look = (): void => {
      const device = this.devices.get(name);
      if (device !== undefined && (device.metadata.generation ?? 1) > before && isDone(device))
        resolve(performance.now());
    };
    const unsubscribe = [this.devices, this.pciDevices].map((informer) => informer.onChange(look));
    const began = performance.now();
    await this.client.merge(SRIOV_NETWORK_DEVICE, name, { spec: { numVFS } }, { fieldManager: "kubectl-patch" });
    const late = new AbortController();
    const ended = await Promise.race([done, setTimeout(DEADLINE_MS, undefined, { signal: late.signal })]);
    late.abort();
    for (const stop of unsubscribe) stop();
    if (ended === undefined)
      throw new Error(`${name} was not done ${DEADLINE_MS / 1_000} s after it was set to ${numVFS}`);
    return ended - began;
  }

  private isComplete(device: SriovNetworkDevice, numVfs: number): boolean {
    const ready = readyCondition(device);
    if (ready?.status !== "True" || ready.observedGeneration !== device.metadata.generation) return false;
    const addresses = device.status?.vfAddresses ?? [];
    const names = new Set(addresses.map((address) => pciDeviceName(device.spec.nodeName, address)));
    const present = this.pciDevices
      .list()
      .filter(({ metadata }) => metadata.labels?.[Label.parentDevice] === device.metadata.name);
    return (
      addresses.length === numVfs &&
      present.length === numVfs &&
      present.every(({ metadata, status }) => names.has(metadata.name) && status?.address !== undefined)
    );
  }
}

const DEADLINE_MS = 30_000;
