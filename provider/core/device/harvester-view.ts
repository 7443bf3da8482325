import { pciDeviceName } from "../../../api/names.js";
import type { KubeObject } from "../../../api/object.js";
import { PCI_DEVICE, type PciDevice } from "../../../api/pci-device.js";
import { PCI_DEVICE_CLAIM, type PciDeviceClaim } from "../../../api/pci-device-claim.js";
import type { SriovNetworkDevice } from "../../../api/sriov-network-device.js";
import type { KubeClient } from "../../../kube/client.js";
import type { Change, Informer } from "../../../kube/informer.js";
import type { Cluster, DeviceView } from "../cluster.js";
import { asOwnObject, HARVESTER_NETWORK_DEVICE, type HarvesterNetworkDevice } from "./harvester-object.js";

type Listener = (change: Change<SriovNetworkDevice>) => void;

/** Harvester's NICs as this project's own objects would tell of them: put together of NICs, PCIDevices and claims. */
export class HarvesterView implements DeviceView {
  private constructor(
    private readonly nics: Informer<HarvesterNetworkDevice>,
    private readonly pciDevices: Informer<PciDevice>,
    private readonly claims: Informer<PciDeviceClaim>,
  ) {}

  /** The one of this run. */
  static of(cluster: Cluster): Promise<HarvesterView> {
    return cluster.memo("Harvester's NICs", async () => {
      const kinds = [
        cluster.objects(HARVESTER_NETWORK_DEVICE),
        cluster.objects(PCI_DEVICE),
        cluster.objects(PCI_DEVICE_CLAIM),
      ] as const;
      return new HarvesterView(...(await Promise.all(kinds)));
    });
  }

  get(name: string): SriovNetworkDevice | undefined {
    const nic = this.nics.get(name);
    return nic === undefined ? undefined : this.told(nic);
  }

  list(): SriovNetworkDevice[] {
    return this.nics.list().map((nic) => this.told(nic));
  }

  /** Nothing: what this process writes of Harvester's objects it hands to {@link learn}. */
  observe(): void {
    return;
  }

  /** Takes in what the API server has answered, and tells of it. */
  learn(nic: HarvesterNetworkDevice): SriovNetworkDevice {
    this.nics.observe(nic);
    return this.told(nic);
  }

  /** The NIC with the users that it has by now: the watch of claims may be a moment behind. */
  async withUsers(
    client: KubeClient,
    nic: SriovNetworkDevice,
    signal: AbortSignal | undefined,
  ): Promise<SriovNetworkDevice> {
    for (const claim of (await client.list(PCI_DEVICE_CLAIM, { signal })).items) this.claims.observe(claim);
    return this.get(nic.metadata.name) ?? nic;
  }

  onChange(listener: Listener): () => void {
    const subscriptions = [
      this.nics.onChange(({ kind, object }) => tell(listener, kind, this.told(object))),
      this.pciDevices.onChange(({ object }) => this.tellOfVf(listener, object)),
      this.claims.onChange(({ object }) => this.tellOfVf(listener, object)),
    ];
    return () => {
      for (const unsubscribe of subscriptions) unsubscribe();
    };
  }

  /** Claims have their PCIDevice's name. */
  private tellOfVf(listener: Listener, { metadata }: KubeObject): void {
    const isParent = ({ spec, status }: HarvesterNetworkDevice): boolean =>
      (status?.vfAddresses ?? []).some((address) => pciDeviceName(spec.nodeName, address) === metadata.name);
    const parent = this.nics.list().find(isParent);
    if (parent !== undefined) tell(listener, "set", this.told(parent));
  }

  private told(nic: HarvesterNetworkDevice): SriovNetworkDevice {
    return asOwnObject(nic, {
      pciDevice: (name) => this.pciDevices.get(name),
      claim: (name) => this.claims.get(name),
    });
  }
}

function tell(listener: Listener, kind: Change<KubeObject>["kind"], object: SriovNetworkDevice): void {
  listener(kind === "gone" ? { kind, object } : { kind, object, previous: undefined });
}
