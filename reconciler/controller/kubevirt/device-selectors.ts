import type { PciDeviceClaim } from "../../../api/pci-device-claim.js";
import { PCI_DEVICE, type PciDevice } from "../../../api/pci-device.js";
import type { KubeClient } from "../../../kube/client.js";
import { runBounded } from "../../service/bounded.js";

/** Requests under way at once. */
const AT_ONCE = 8;

/**
 * What kind of device each claim is for, as its PCIDevice says. Each is asked for once: a cluster has a hundred times as many
 * PCIDevices as claims, so that a watch of them all would cost more than the answers are worth.
 */
export class DeviceSelectors {
  /** By the claim's uid. */
  private readonly known = new Map<string, Known>();

  constructor(private readonly client: Pick<KubeClient, "list">) {}

  /** `8086:10CA`; undefined where it is not known. */
  of(claim: PciDeviceClaim): string | undefined {
    const known = this.known.get(claim.metadata.uid ?? "");
    // Another name may mean that there is other hardware at the address.
    return known?.resourceName === claim.status?.resourceName ? known?.selector : undefined;
  }

  /** Asks for those that are not known. A PCIDevice that is not there leaves its claim unknown. */
  async learn(claims: readonly PciDeviceClaim[], signal: AbortSignal): Promise<void> {
    const unknown = claims.filter((claim) => this.of(claim) === undefined);
    await runBounded(
      unknown.map((claim) => () => this.ask(claim, signal)),
      AT_ONCE,
    );
  }

  forget({ metadata }: PciDeviceClaim): void {
    this.known.delete(metadata.uid ?? "");
  }

  private async ask({ metadata, status }: PciDeviceClaim, signal: AbortSignal): Promise<void> {
    const { items } = await this.client.list(PCI_DEVICE, { fields: { "metadata.name": metadata.name }, signal });
    const selector = items[0] && selectorOf(items[0]);
    if (selector === undefined) return;
    this.known.set(metadata.uid ?? "", { resourceName: status?.resourceName, selector });
  }
}

interface Known {
  readonly resourceName: string | undefined;
  readonly selector: string;
}

/** Undefined where nothing has been reported of it. */
function selectorOf({ status }: PciDevice): string | undefined {
  if (!status?.vendorId || !status.deviceId) return undefined;
  return `${status.vendorId}:${status.deviceId}`.toUpperCase();
}
