import { PCI_DEVICE_CLAIM, type PciDeviceClaim } from "../../api/pci-device-claim.js";
import { Informer } from "../../kube/informer.js";
import type { KubeClient } from "../../kube/client.js";
import { isNotFound } from "../../kube/errors.js";
import { CONTROLLER } from "./harvester-controller.js";

const FINALIZER = "wrangler.cattle.io/PCIDeviceClaimOnRemove";
const BY = { fieldManager: CONTROLLER };

/** What Harvester's controller does with claims: hands every device through, and lets go of claims that are deleted. */
export class HarvesterClaims {
  private readonly claims: Informer<PciDeviceClaim>;
  private handled = Promise.resolve();

  constructor(private readonly client: KubeClient) {
    this.claims = new Informer(client, PCI_DEVICE_CLAIM);
    this.claims.onChange(({ kind, object }) => {
      if (kind === "set") this.handled = this.handled.then(() => this.handle(object)).catch(ignoreGone);
    });
    this.claims.start();
  }

  async stop(): Promise<void> {
    await this.claims.stop();
    await this.handled;
  }

  private async handle({ metadata, status }: PciDeviceClaim): Promise<void> {
    const { name, deletionTimestamp, finalizers = [] } = metadata;
    if (deletionTimestamp !== undefined) {
      if (finalizers.length > 0)
        await this.client.merge(PCI_DEVICE_CLAIM, name, { metadata: { finalizers: null } }, BY);
      return;
    }
    if (status?.passthroughEnabled === true) return;
    await this.client.merge(PCI_DEVICE_CLAIM, name, { metadata: { finalizers: [FINALIZER] } }, BY);
    const enabled = { status: { kernelDriverToUnbind: "igbvf", passthroughEnabled: true } };
    await this.client.merge(PCI_DEVICE_CLAIM, name, enabled, { ...BY, subresource: "status" });
  }
}

function ignoreGone(error: unknown): void {
  if (!isNotFound(error)) throw error;
}
