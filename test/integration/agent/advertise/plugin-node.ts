import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  SRIOV_NETWORK_DEVICE,
  type SriovNetworkDevice,
  type VirtualFunctionStatus,
} from "../../../../api/sriov-network-device.js";
import { waitFor } from "../../../../kube/wait.js";
import { KubeletStandIn } from "../../../../lab/kubelet-stand-in/kubelet.js";
import type { Lab } from "../../../../lab/lab.js";
import type { NicSpec } from "../../../../lab/nodes/simulated/hardware.js";
import type { SimulatedNode } from "../../../../lab/nodes/simulated-node.js";
import { sharedLab } from "../../../shared-lab.js";
import { NEVER_UNASKED, rescan } from "../agent-process.js";
import { nics } from "../hardware.js";
import { Observer } from "../observer.js";

/** A simulated node with a kubelet that is a stand-in, and an agent that offers VFs to it. */
export class PluginNode {
  private constructor(
    readonly lab: Lab,
    readonly node: SimulatedNode,
    readonly observer: Observer,
    readonly kubelet: KubeletStandIn,
    private readonly directory: string,
  ) {}

  static async start(
    name: string,
    options: { readonly nics?: readonly NicSpec[]; readonly kubelet?: boolean; readonly args?: readonly string[] } = {},
  ): Promise<PluginNode> {
    const lab = await sharedLab();
    const directory = mkdtempSync(join(tmpdir(), "plugin-"));
    const kubelet = new KubeletStandIn(directory);
    if (options.kubelet ?? true) await kubelet.start();
    const observer = await Observer.start(lab.client);
    const folders = ["--device-plugins", kubelet.devicePlugins, "--device-info", join(directory, "devinfo")];
    const agentArgs = [...NEVER_UNASKED, ...folders, "--pod-resources", kubelet.podResources, ...(options.args ?? [])];
    const spec = { nics: options.nics ?? nics(2) };
    const node = await lab.addSimulatedNode(name, { spec, agentArgs });
    return new PluginNode(lab, node, observer, kubelet, directory);
  }

  async stop(): Promise<void> {
    await this.node.stopAgent("SIGTERM");
    this.kubelet.stop();
    await this.observer.stop();
    rmSync(this.directory, { recursive: true });
  }

  nameOf(nic: number): string {
    return `${this.node.name}-nic${nic}`;
  }

  /** What policies want of a NIC, as the controller declares it; what is not given any more is released. */
  async ask(nic: number, spec: Partial<SriovNetworkDevice["spec"]>): Promise<void> {
    const name = this.nameOf(nic);
    await this.observer.device(name, () => true);
    const object = { metadata: { name, uid: this.observer.devices.get(name)?.metadata.uid }, spec };
    this.observer.devices.observe(
      await this.lab.client.apply(SRIOV_NETWORK_DEVICE, object, { fieldManager: "policies", force: true }),
    );
  }

  /** Resolves when so many devices of the resource may be given out. */
  offers(resource: string, count: number): Promise<void> {
    return this.kubelet.until(() => (this.kubelet.allocatable()[resource] ?? 0) === count);
  }

  /** Addresses that may be given out. */
  healthy(resource: string): string[] {
    const devices = this.kubelet.devicesOf(resource) ?? [];
    return devices.filter(({ health }) => health === "Healthy").map(({ id }) => id);
  }

  /** The pod ends; resolves when the agent says of its VF that nobody uses it. */
  async free(pod: string, address: string): Promise<void> {
    this.kubelet.free(pod);
    await this.usedBy(address, undefined);
  }

  /** Has the agent look; resolves when it says so of the VF. */
  async usedBy(address: string, user: string | undefined): Promise<void> {
    rescan(this.lab.run, this.node);
    const vfs = (): readonly VirtualFunctionStatus[] =>
      this.observer.devices
        .list()
        .flatMap(({ spec, status }) => (spec.nodeName === this.node.name ? (status?.virtualFunctions ?? []) : []));
    await waitFor(
      this.observer.devices,
      () => {
        const vf = vfs().find((it) => it.address === address);
        if (vf !== undefined && vf.usedBy === user) return { state: "satisfied", result: undefined };
        return { state: "pending", what: `${address} is used by ${vf?.usedBy ?? "nobody"}` };
      },
      { deadline: Date.now() + 30_000 },
    );
  }

  /** What Multus is told, by file. */
  deviceInfo(): Record<string, unknown> {
    const directory = join(this.directory, "devinfo");
    const files = existsSync(directory) ? readdirSync(directory) : [];
    return Object.fromEntries(
      files.map((file) => [file, JSON.parse(readFileSync(join(directory, file), "utf8")) as unknown]),
    );
  }

  async metrics(): Promise<string> {
    const served = this.records().find(({ msg }) => msg === "health and metrics are served");
    return (await fetch(`http://127.0.0.1:${served?.port ?? 0}/metrics`)).text();
  }

  /** Messages of the agent's log, of all its lives. */
  logged(): string[] {
    return this.records().map(({ msg }) => msg);
  }

  private records(): { readonly msg: string; readonly port?: number }[] {
    const lines = readFileSync(this.node.agentLog, "utf8").split("\n");
    return lines.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line) as { msg: string });
  }
}
