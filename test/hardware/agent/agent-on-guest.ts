import { expect } from "chai";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { NODE, type Node } from "../../../api/core.js";
import { EVENT, type Event } from "../../../api/event.js";
import { type LeftOutNic, leftOutNics } from "../../../api/left-out-nic.js";
import { SRIOV_NETWORK_DEVICE, type SriovNetworkDevice } from "../../../api/sriov-network-device.js";
import { bundle } from "../../../image/bundle-reconciler.js";
import type { Lab } from "../../../lab/lab.js";
import type { RealNode } from "../../../lab/nodes/real-node.js";
import { Informer } from "../../../kube/informer.js";
import { Observer, until } from "../../integration/agent/observer.js";
import { sharedLab } from "../../shared-lab.js";
import { first, Guest, type KernelVf, type Nic, second } from "./guest.js";

/** What an emulated machine may need for something on a busy host. */
const DEADLINE_MS = 120_000;

/** One guest for all tests of the agent on it, since each boot takes seconds. */
let shared: Promise<AgentOnGuest> | undefined;

/** A node with a real kernel and its agent, and eyes on both. */
export class AgentOnGuest<N extends RealNode = RealNode> {
  private constructor(
    readonly lab: Lab,
    readonly node: N,
    readonly observer: Observer,
    readonly guest: Guest,
    private readonly nodes: Informer<Node>,
    private readonly events: Informer<Event>,
    private readonly deadlineMs: number,
  ) {}

  static shared(): Promise<AgentOnGuest> {
    return (shared ??= AgentOnGuest.start(addNode));
  }

  /** On a node that is added to the shared lab. */
  static async start<N extends RealNode>(
    addNode: (lab: Lab) => Promise<N>,
    deadlineMs = DEADLINE_MS,
  ): Promise<AgentOnGuest<N>> {
    const lab = await sharedLab();
    const observer = await Observer.start(lab.client, deadlineMs);
    const nodes = new Informer(lab.client, NODE).start();
    const events = new Informer(lab.client, EVENT).start();
    await Promise.all([nodes.synced, events.synced]);
    const node = await addNode(lab);
    return new AgentOnGuest(lab, node, observer, new Guest(node), nodes, events, deadlineMs);
  }

  /** Ends the eyes on the cluster's side; the guest goes on. */
  async stop(): Promise<void> {
    await Promise.all([this.observer.stop(), this.nodes.stop(), this.events.stop()]);
  }

  /** Has the interfaces as they were at boot and both NICs without VFs, whatever tests before did. */
  async restore(): Promise<void> {
    await this.guest.restoreInterfaces();
    await this.guest.rescan();
    for (const nic of [first, second]) {
      const name = this.nameOf(nic);
      await this.observer.device(name, ({ status }) => status?.interfaceName === nic.interfaceName);
      await this.configure(nic, 0);
    }
  }

  /** Name of the NIC's object. */
  nameOf(nic: Nic): string {
    return this.objectOf(nic)?.metadata.name ?? `${this.node.name}-${nic.interfaceName}`;
  }

  async configure(nic: Nic, count: number): Promise<void> {
    const { name } = (await this.reported(nic)).metadata;
    await this.observer.declare(name, count);
    await this.configured(nic, count);
  }

  /** Declares all that is asked of the NIC, as the person who declares counts; what is not given is released. */
  async ask(nic: Nic, spec: Partial<SriovNetworkDevice["spec"]>): Promise<void> {
    const { metadata } = await this.reported(nic);
    const object = { metadata: { name: metadata.name, uid: metadata.uid }, spec };
    const options = { fieldManager: "person" };
    this.observer.devices.observe(await this.lab.client.apply(SRIOV_NETWORK_DEVICE, object, options));
  }

  /** Resolves when the NIC has so many VFs, and status, PCIDevices and the guest's kernel agree about each of them. */
  async configured(nic: Nic, count: number): Promise<SriovNetworkDevice> {
    const name = this.nameOf(nic);
    await this.observer.configured(name, count);
    const vfs = await this.guest.virtualFunctions(nic);
    expect(vfs, "VFs in the guest").to.have.length(count);
    const device = await this.observer.device(name, (told) => isDeepStrictEqual(asKernelHasThem(told), vfs));
    const objects = await this.observer.pciDevicesOf(name);
    const listed = objects.map(({ status }) => [status?.address, status?.kernelDriverInUse]);
    expect(listed, "PCIDevices").to.deep.equal(vfs.map(({ address, driver }) => [address, driver ?? ""]));
    return device;
  }

  /** Resolves when the NIC has an object with a status. */
  reported(nic: Nic): Promise<SriovNetworkDevice> {
    return until(
      this.observer.devices,
      () => this.objectOf(nic),
      ({ status }) => status !== undefined,
      this.nameOf(nic),
      this.deadlineMs,
    );
  }

  objectOf({ address }: Nic): SriovNetworkDevice | undefined {
    const objects = this.observer.devices.list();
    return objects.find(({ spec }) => spec.nodeName === this.node.name && spec.address === address);
  }

  /** Resolves when the Node tells of NICs that are left out what is wanted. */
  async leftOut(wanted: (nics: readonly LeftOutNic[]) => boolean): Promise<readonly LeftOutNic[]> {
    return leftOutNics(await this.nodeObject((node) => wanted(leftOutNics(node))));
  }

  /** Resolves when the Node is as wanted. */
  nodeObject(wanted: (node: Node) => boolean): Promise<Node> {
    const { name } = this.node;
    return until(this.nodes, () => this.nodes.get(name), wanted, name, this.deadlineMs);
  }

  /**
   * Resolves when an event about the object of this name, whose message has these words, has come more than `beyond` times;
   * the same event again raises its count.
   */
  event(about: string, reason: string, words: string, beyond = 0): Promise<Event> {
    const isEnough = () => this.eventsSoFar(about, reason, words) > beyond;
    const [what, find] = [`event ${reason}: ${words}`, () => this.findEvents(about, reason, words)[0]];
    return until(this.events, find, isEnough, what, this.deadlineMs);
  }

  /** How often such an event has come so far. */
  eventsSoFar(about: string, reason: string, words: string): number {
    return this.findEvents(about, reason, words).reduce((sum, { count }) => sum + count, 0);
  }

  private findEvents(about: string, reason: string, words: string): Event[] {
    const events = this.events.list().filter(({ involvedObject }) => involvedObject.name === about);
    return events.filter((event) => event.reason === reason && event.message.includes(words));
  }

  /** Resolves when a pass over this NIC that began after now has ended. */
  async lookAt(nic: Nic): Promise<void> {
    const interfaceName = await this.guest.renameInterface(nic);
    await this.guest.rescan();
    await this.observer.device(this.nameOf(nic), ({ status }) => status?.interfaceName === interfaceName);
  }

  /** Starts the agent again and waits for nothing. */
  async restartAgent(): Promise<void> {
    await this.node.stopAgent("SIGKILL");
    await this.node.startAgent();
  }
}

/** With the stand-in for a kubelet in one file, for tests that start it in the guest. */
async function addNode(lab: Lab): Promise<RealNode> {
  const kubelet = join(lab.run.dir, "kubelet.js");
  await bundle("lab/kubelet-stand-in/main.ts", kubelet);
  return lab.addRealNode("hw", { files: { "/kubelet.js": readFileSync(kubelet, "utf8") } });
}

function asKernelHasThem({ status }: SriovNetworkDevice): KernelVf[] {
  return (status?.virtualFunctions ?? []).map(({ index, address, driver, interfaceName, macAddress }) => ({
    ...{ index, address },
    ...(driver !== undefined && { driver }),
    ...(interfaceName !== undefined && { interfaceName }),
    ...(macAddress !== undefined && { macAddress }),
  }));
}
