import { PCI_DEVICE, type PciDevice } from "../../../api/pci-device.js";
import { Label } from "../../../api/names.js";
import { readyCondition, SRIOV_NETWORK_DEVICE, type SriovNetworkDevice } from "../../../api/sriov-network-device.js";
import type { KubeObject } from "../../../api/object.js";
import type { KubeClient } from "../../../kube/client.js";
import { Informer } from "../../../kube/informer.js";
import { waitFor } from "../../../kube/wait.js";

const DEADLINE_MS = 45_000;

/** Sees what agents report, as a person with `kubectl get --watch` would, and declares counts. */
export class Observer {
  readonly devices: Informer<SriovNetworkDevice>;
  readonly pciDevices: Informer<PciDevice>;

  private constructor(
    private readonly client: KubeClient,
    private readonly deadlineMs: number,
  ) {
    this.devices = new Informer(client, SRIOV_NETWORK_DEVICE).start();
    this.pciDevices = new Informer(client, PCI_DEVICE).start();
  }

  /** `deadlineMs`: how long each wait may take; an emulated machine needs more than the default, 45 s. */
  static async start(client: KubeClient, deadlineMs = DEADLINE_MS): Promise<Observer> {
    const observer = new Observer(client, deadlineMs);
    await Promise.all([observer.devices.synced, observer.pciDevices.synced]);
    return observer;
  }

  async stop(): Promise<void> {
    await Promise.all([this.devices.stop(), this.pciDevices.stop()]);
  }

  /** Resolves when the device is as wanted; the error says how it was when time ran out. */
  device(name: string, wanted: (device: SriovNetworkDevice) => boolean): Promise<SriovNetworkDevice> {
    return until(this.devices, () => this.devices.get(name), wanted, name, this.deadlineMs);
  }

  /** Resolves when the agent has said so about the device's latest generation. */
  ready(name: string, reason: string): Promise<SriovNetworkDevice> {
    return this.device(
      name,
      (device) =>
        device.status?.observedGeneration === device.metadata.generation && readyCondition(device)?.reason === reason,
    );
  }

  /** Resolves when the device is configured with so many VFs. */
  configured(name: string, count: number): Promise<SriovNetworkDevice> {
    return this.device(
      name,
      (device) =>
        device.status?.observedGeneration === device.metadata.generation &&
        readyCondition(device)?.reason === "Configured" &&
        device.status?.vfAddresses?.length === count,
    );
  }

  /** Resolves when there are exactly the PCIDevices that the device's status names. */
  async pciDevicesOf(name: string): Promise<PciDevice[]> {
    const wanted = (): string => [...(this.devices.get(name)?.status?.vfPCIDevices ?? [])].sort().join();
    const present = (): PciDevice[] => this.pciDevicesLabelled(name);
    const names = (): string =>
      present()
        .map(({ metadata }) => metadata.name)
        .join();
    await waitFor(
      this.pciDevices,
      () =>
        names() === wanted()
          ? { state: "satisfied", result: undefined }
          : { state: "pending", what: `PCIDevices of ${name} are ${names()}, not ${wanted()}` },
      { deadline: Date.now() + this.deadlineMs },
    );
    return present();
  }

  /** Resolves when the PCIDevice is as wanted. */
  pciDevice(name: string, wanted: (object: PciDevice) => boolean): Promise<PciDevice> {
    return until(this.pciDevices, () => this.pciDevices.get(name), wanted, name, this.deadlineMs);
  }

  /** Resolves when there is no such PCIDevice (any more). */
  noPciDevice(name: string): Promise<void> {
    return waitFor(
      this.pciDevices,
      () =>
        this.pciDevices.get(name) === undefined
          ? { state: "satisfied", result: undefined }
          : { state: "pending", what: `${name} is still there` },
      { deadline: Date.now() + this.deadlineMs },
    );
  }

  pciDevicesLabelled(name: string): PciDevice[] {
    return this.pciDevices
      .list()
      .filter(({ metadata }) => metadata.labels?.[Label.parentDevice] === name)
      .sort((a, b) => a.metadata.name.localeCompare(b.metadata.name));
  }

  /** As a person would with `kubectl apply --server-side`. */
  async declare(name: string, numVFS: number): Promise<void> {
    const object = { metadata: { name, uid: this.devices.get(name)?.metadata.uid }, spec: { numVFS } };
    this.devices.observe(await this.client.apply(SRIOV_NETWORK_DEVICE, object, { fieldManager: "person" }));
  }

  /** Lets go of the count, so that somebody else may declare it: it is 0 then, unless somebody has. */
  async release(name: string): Promise<void> {
    const object = { metadata: { name, uid: this.devices.get(name)?.metadata.uid } };
    this.devices.observe(await this.client.apply(SRIOV_NETWORK_DEVICE, object, { fieldManager: "person" }));
  }
}

/** Resolves when an object of the informer is as wanted; the error says how it was when time ran out. */
export function until<T extends KubeObject>(
  informer: Pick<Informer<T>, "onChange">,
  find: () => T | undefined,
  wanted: (object: T) => boolean,
  name: string,
  deadlineMs = DEADLINE_MS,
): Promise<T> {
  return waitFor(
    informer,
    () => {
      const object = find();
      if (object !== undefined && wanted(object)) return { state: "satisfied", result: object };
      return { state: "pending", what: object === undefined ? `there is no ${name}` : JSON.stringify(object) };
    },
    { deadline: Date.now() + deadlineMs },
  );
}
