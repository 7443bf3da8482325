import { AGENT_FIELD_MANAGER, Label, pciDeviceName } from "../../../../api/names.js";
import { NODE } from "../../../../api/core.js";
import { PCI_DEVICE, type PciDevice, type PciDeviceStatus } from "../../../../api/pci-device.js";
import {
  CLAIM_FINALIZER,
  ClaimReason,
  claimReady,
  PCI_DEVICE_CLAIM,
  type PciDeviceClaim,
  type PciDeviceClaimStatus,
  VFIO_DRIVER,
} from "../../../../api/pci-device-claim.js";
import type { KubeClient } from "../../../../kube/client.js";
import { Informer } from "../../../../kube/informer.js";
import { claimResourceName } from "../../../../plan/claims/resource-name.js";
import type { Lab } from "../../../../lab/lab.js";
import { until } from "../../agent/observer.js";

const BY = { fieldManager: AGENT_FIELD_MANAGER };

/** What the agent is to answer to a claim: a reason, and words. `"silence"`: nothing. */
export type Answer = "silence" | { readonly reason: ClaimReason; readonly message: string };

export const ENABLED: Answer = { reason: ClaimReason.Enabled, message: "bound to vfio-pci" };

/**
 * Takes the part of a node's agent: answers claims as the test has it, as the node's own service account. The claims'
 * devices are objects of its own making.
 */
export class ScriptedAgent {
  /** What it answers to claims of a device, by name; else {@link ENABLED}. */
  readonly answers = new Map<string, Answer>();
  /** Devices of which it does not give claims up. */
  readonly held = new Set<string>();
  readonly claims: Informer<PciDeviceClaim>;
  private last: Promise<void> = Promise.resolve();
  private made = 0;

  private constructor(
    private readonly lab: Lab,
    readonly nodeName: string,
    private readonly agent: KubeClient,
  ) {
    this.claims = new Informer(lab.client, PCI_DEVICE_CLAIM);
    this.claims.onChange((change) => {
      if (change.kind === "set") this.enqueue(change.object.metadata.name);
    });
  }

  static async start(lab: Lab, nodeName: string): Promise<ScriptedAgent> {
    const agent = await lab.clientOfNode(nodeName);
    const labels = { [Label.capable]: "true" };
    await lab.client.apply(NODE, { metadata: { name: nodeName, labels } }, { ...BY, force: true });
    const scripted = new ScriptedAgent(lab, nodeName, agent);
    await scripted.claims.start().synced;
    return scripted;
  }

  async stop(): Promise<void> {
    await this.claims.stop();
    await this.last;
  }

  /** Lists a device of the node, an own one each time. */
  async device(more: Partial<PciDeviceStatus> = {}): Promise<PciDevice> {
    const address = more.address ?? `0000:${(++this.made + 15).toString(16)}:10.0`;
    const name = pciDeviceName(this.nodeName, address);
    const status: PciDeviceStatus = {
      ...{ address, nodeName: this.nodeName, vendorId: "8086", deviceId: "10ca", classId: "0200", iommuGroup: address },
      ...{ resourceName: "intel.com/82576_VIRTUAL_FUNCTION", description: "Ethernet controller: Intel 82576 VF" },
      ...{ kernelDriverInUse: "igbvf", ...more },
    };
    const labels = { [Label.nodeName]: this.nodeName };
    const options = { ...BY, force: true };
    await this.agent.apply(PCI_DEVICE, { metadata: { name, labels } }, options);
    return this.agent.apply(PCI_DEVICE, { metadata: { name }, status }, { ...options, subresource: "status" });
  }

  /** Answers anew, as when something has changed on the node. */
  async answer(name: string, answer: Answer): Promise<void> {
    this.answers.set(name, answer);
    this.enqueue(name);
    await this.last;
  }

  /** Goes on with claims that it has held. */
  async letGo(name: string): Promise<void> {
    this.held.delete(name);
    this.enqueue(name);
    await this.last;
  }

  /** Sets fields of a claim's status. */
  async report(name: string, status: Partial<PciDeviceClaimStatus>): Promise<void> {
    await this.agent.merge(PCI_DEVICE_CLAIM, name, { status }, { ...BY, subresource: "status" });
  }

  /** Resolves with the claim once it is so. */
  claim(name: string, wanted: (claim: PciDeviceClaim) => boolean): Promise<PciDeviceClaim> {
    return until(this.claims, () => this.claims.get(name), wanted, name);
  }

  private enqueue(name: string): void {
    this.last = this.last.then(() => this.reconcile(name).catch(() => undefined));
  }

  private async reconcile(name: string): Promise<void> {
    // What it has written itself may not have been told to it yet.
    const claim = await this.lab.client.get(PCI_DEVICE_CLAIM, name);
    const answer = this.answers.get(name) ?? ENABLED;
    if (claim.spec.nodeName !== this.nodeName || answer === "silence") return;
    if (claim.metadata.deletionTimestamp !== undefined) return this.release(claim);
    const isEnabled = answer.reason === ClaimReason.Enabled;
    if (!(claim.metadata.finalizers ?? []).includes(CLAIM_FINALIZER)) {
      await this.agent.merge(PCI_DEVICE_CLAIM, name, { metadata: { finalizers: [CLAIM_FINALIZER] } }, BY);
    }
    const device = await this.agent.get(PCI_DEVICE, name).catch(() => undefined);
    const before = claim.status?.kernelDriverToUnbind ?? device?.status?.kernelDriverInUse ?? "";
    if (isEnabled) await this.bind(name, VFIO_DRIVER);
    const offered = claimResourceName(claim, { resourceName: device?.status?.resourceName ?? "" });
    await this.tell(claim, answer, {
      passthroughEnabled: isEnabled,
      ...(isEnabled && { kernelDriverToUnbind: before, ...("resourceName" in offered && offered) }),
    });
  }

  private async release(claim: PciDeviceClaim): Promise<void> {
    const { name, finalizers = [] } = claim.metadata;
    const message = "virtual machine web/vm1 has the device";
    await this.tell(claim, { reason: ClaimReason.Releasing, message }, {});
    if (this.held.has(name)) return;
    await this.bind(name, claim.status?.kernelDriverToUnbind ?? "");
    const left = finalizers.filter((finalizer) => finalizer !== CLAIM_FINALIZER);
    await this.agent.merge(PCI_DEVICE_CLAIM, name, { metadata: { finalizers: left } }, BY);
  }

  private async bind(name: string, kernelDriverInUse: string): Promise<void> {
    const patch = { status: { kernelDriverInUse } };
    await this.agent.merge(PCI_DEVICE, name, patch, { ...BY, subresource: "status" }).catch(() => undefined);
  }

  private async tell(
    claim: PciDeviceClaim,
    answer: Exclude<Answer, "silence">,
    status: Partial<PciDeviceClaimStatus>,
  ): Promise<void> {
    const { name, generation = 0 } = claim.metadata;
    const ready = claimReady(claim);
    const same = ready?.reason === answer.reason && ready.message === answer.message;
    const sameName = status.resourceName === undefined || status.resourceName === claim.status?.resourceName;
    if (same && sameName && claim.status?.observedGeneration === generation) return;
    const condition = { type: "Ready", status: answer.reason === ClaimReason.Enabled ? "True" : "False", ...answer };
    const conditions = [{ ...condition, lastTransitionTime: new Date().toISOString() }];
    const patch = { status: { ...status, observedGeneration: generation, conditions } };
    await this.agent.merge(PCI_DEVICE_CLAIM, name, patch, { ...BY, subresource: "status" });
  }
}
