import { pciDeviceName } from "../../../../api/names.js";
import { POD } from "../../../../api/core.js";
import type { KubeObject, ResourceType } from "../../../../api/object.js";
import { EVENT, type Event } from "../../../../api/event.js";
import {
  claimReady,
  PCI_DEVICE_CLAIM,
  type ClaimReason,
  type PciDeviceClaim,
  type PciDeviceClaimSpec,
} from "../../../../api/pci-device-claim.js";
import { isPciAddress, type PciAddress } from "../../../../reconciler/kernel/kernel.js";
import { Informer } from "../../../../kube/informer.js";
import { waitFor } from "../../../../kube/wait.js";
import type { Lab, SimulatedOptions } from "../../../../lab/lab.js";
import type { SimulatedNode } from "../../../../lab/nodes/simulated-node.js";
import { sharedLab } from "../../../shared-lab.js";
import { NEVER_UNASKED, rescan } from "../agent-process.js";
import { Observer, until } from "../observer.js";

const DEADLINE_MS = 20_000;
const ME = { fieldManager: "test", force: true };
const SERVICE_ACCOUNT: ResourceType<KubeObject> = {
  apiVersion: "v1",
  kind: "ServiceAccount",
  plural: "serviceaccounts",
  namespaced: true,
};

/** One simulated node, the claims for its devices, and eyes on both. */
export class ClaimWorld {
  private constructor(
    readonly lab: Lab,
    readonly node: SimulatedNode,
    readonly observer: Observer,
    readonly claims: Informer<PciDeviceClaim>,
    readonly events: Informer<Event>,
  ) {}

  /** Its agent looks at its hardware only when it is told to, unless `options` say otherwise. */
  static async start(nodeName: string, options: SimulatedOptions = {}): Promise<ClaimWorld> {
    const lab = await sharedLab();
    const observer = await Observer.start(lab.client);
    const claims = new Informer(lab.client, PCI_DEVICE_CLAIM).start();
    const events = new Informer(lab.client, EVENT).start();
    await Promise.all([claims.synced, events.synced]);
    const node = await lab.addSimulatedNode(nodeName, { agentArgs: NEVER_UNASKED, ...options });
    return new ClaimWorld(lab, node, observer, claims, events);
  }

  async stop(): Promise<void> {
    await Promise.all([this.observer.stop(), this.claims.stop(), this.events.stop()]);
    await this.node.stopAgent("SIGTERM");
  }

  nameOf(address: string): string {
    return pciDeviceName(this.node.name, address);
  }

  /** As a person with `kubectl create` would, after which there is none of whoever was first. */
  async claim(address: string, more: Partial<PciDeviceClaimSpec> = {}, annotations = {}): Promise<PciDeviceClaim> {
    const spec = { address, nodeName: this.node.name, userName: "alice", ...more };
    const object = { metadata: { name: this.nameOf(address), annotations }, spec };
    const claim = await this.lab.client.create(PCI_DEVICE_CLAIM, object, { fieldManager: "person" });
    this.claims.observe(claim);
    return claim;
  }

  /** Resolves when the agent has said so of the claim's latest generation. */
  says(address: string, reason: ClaimReason): Promise<PciDeviceClaim> {
    return this.saysOf(
      address,
      (claim) => claim.status?.observedGeneration === claim.metadata.generation && claimReady(claim)?.reason === reason,
    );
  }

  saysOf(address: string, wanted: (claim: PciDeviceClaim) => boolean): Promise<PciDeviceClaim> {
    const name = this.nameOf(address);
    return until(this.claims, () => this.claims.get(name), wanted, name, DEADLINE_MS);
  }

  /** Resolves when the agent has said so, with its words. */
  async words(address: string, reason: ClaimReason): Promise<string> {
    return claimReady(await this.says(address, reason))?.message ?? "";
  }

  async delete(address: string): Promise<void> {
    await this.lab.client.delete(PCI_DEVICE_CLAIM, this.nameOf(address));
  }

  /** Resolves when the claim is gone. */
  gone(address: string): Promise<void> {
    const name = this.nameOf(address);
    const state = () =>
      this.claims.get(name) === undefined
        ? ({ state: "satisfied", result: undefined } as const)
        : ({ state: "pending", what: JSON.stringify(this.claims.get(name)) } as const);
    return waitFor(this.claims, state, { deadline: Date.now() + DEADLINE_MS });
  }

  async release(address: string): Promise<void> {
    await this.delete(address);
    await this.gone(address);
  }

  /** The driver that the kernel has for a NIC or one of its VFs. */
  async driverOf(address: string): Promise<string | undefined> {
    const { snapshot } = await this.node.hardware.hardwareState();
    const functions = snapshot.physicalFunctions.flatMap((nic) => [nic, ...nic.virtualFunctions]);
    return functions.find((it) => it.address === address)?.driver;
  }

  /** A pod on the node that has the function as a network; where it is said, a virtual machine's. */
  async runPod(pod: string, address: string, machine?: string): Promise<void> {
    const networks = [{ name: "sriov", "device-info": { type: "pci", pci: { "pci-address": address } } }];
    const annotations = {
      "k8s.v1.cni.cncf.io/network-status": JSON.stringify(networks),
      ...(machine !== undefined && { "kubevirt.io/domain": machine }),
    };
    const labels: Record<string, string> = machine === undefined ? {} : { "kubevirt.io": "virt-launcher" };
    const spec = {
      nodeName: this.node.name,
      serviceAccountName: "default",
      automountServiceAccountToken: false,
      terminationGracePeriodSeconds: 0,
      containers: [{ name: "main", image: "none" }],
    };
    await this.lab.client.apply(SERVICE_ACCOUNT, { metadata: { name: "default", namespace: "default" } }, ME);
    const metadata = { name: pod, namespace: "default", annotations, labels };
    await this.lab.client.apply(POD, { metadata, spec }, ME);
  }

  async endPod(pod: string): Promise<void> {
    await this.lab.client.delete(POD, pod, { namespace: "default" });
  }

  /** Has the agent look at its hardware now. */
  rescan(): void {
    rescan(this.lab.run, this.node);
  }

  /** Resolves when there is an event on the claim, with its words. */
  async event(address: string, reason: string): Promise<string> {
    const name = this.nameOf(address);
    const find = (): Event | undefined =>
      this.events.list().find((event) => event.involvedObject.name === name && event.reason === reason);
    return (await until(this.events, find, () => true, `event ${reason} of ${name}`, DEADLINE_MS)).message;
  }
}

/** Address of VF `vf` of the NIC at `pf`, as `nic()` of `hardware.ts` has them. */
export function vfAddress(pf: string, vf: number): PciAddress {
  const address = pf.replace("00.0", `1${vf >> 2}.${(vf * 2) % 8}`);
  if (!isPciAddress(address)) throw new Error(`${pf} has no VF ${vf}`);
  return address;
}
