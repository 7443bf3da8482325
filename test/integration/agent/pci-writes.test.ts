import { expect } from "chai";
import { NODE } from "../../../api/core.js";
import { Label } from "../../../api/names.js";
import type { OwnerReference } from "../../../api/object.js";
import { PCI_DEVICE, type PciDevice } from "../../../api/pci-device.js";
import type { SriovNetworkDevice } from "../../../api/sriov-network-device.js";
import type { KubeClient } from "../../../kube/client.js";
import { Informer } from "../../../kube/informer.js";
import type { Lab } from "../../../lab/lab.js";
import { virtualFunctionAddress } from "../../../lab/nodes/simulated/hardware.js";
import { NodePciDevices } from "../../../reconciler/agent/pci/node-pci-devices.js";
import { PciDeviceObjects } from "../../../reconciler/agent/pci/pci-device-objects.js";
import { PciDevices } from "../../../reconciler/agent/pci/pci-devices.js";
import { Turns } from "../../../reconciler/agent/turns.js";
import { PciIds } from "../../../reconciler/agent/pci/pci-ids.js";
import { keptOfPciDevice } from "../../../reconciler/agent/pci/wanted-pci-device.js";
import { parsePciAddress, type VirtualFunction } from "../../../reconciler/kernel/kernel.js";
import { sharedLab } from "../../shared-lab.js";

const NODE_NAME = "n-writes";
const PERSON = { fieldManager: "person" };

describe("the writing of PCIDevices", () => {
  let lab: Lab;
  let owner: OwnerReference;
  let agents: TestAgent[];

  before(async () => {
    lab = await sharedLab();
    const { metadata } = await lab.client.create(NODE, { metadata: { name: NODE_NAME } }, PERSON);
    owner = { apiVersion: "v1", kind: "Node", name: NODE_NAME, uid: metadata.uid ?? "" };
  });
  beforeEach(() => (agents = []));
  afterEach(() => Promise.all(agents.map((agent) => agent.informer.stop())));

  async function agentStarts(): Promise<TestAgent> {
    const agent = new TestAgent(await lab.clientOfNode(NODE_NAME), owner);
    agents.push(agent);
    await agent.informer.start().synced;
    return agent;
  }

  const deviceOf = (vf: VirtualFunction): Promise<PciDevice> => lab.client.get(PCI_DEVICE, nameOf(vf));

  it("has two requests for each that is new, and never more than eight at once", async () => {
    const agent = await agentStarts();
    await agent.pciDevices.sync(parent(1), vfs(1, 64));
    expect(agent.requests.filter((it) => it.startsWith("create"))).to.have.length(64);
    expect(agent.requests.filter((it) => it.startsWith("merge"))).to.have.length(64);
    expect(agent.mostAtOnce).to.equal(8);
  });

  it("has no request at all where nothing differs", async () => {
    await (await agentStarts()).pciDevices.sync(parent(2), vfs(2, 3));
    const agent = await agentStarts();
    await agent.pciDevices.sync(parent(2), vfs(2, 3));
    await agent.node.sync();
    expect(agent.requests).to.deep.equal([]);
  });

  it("has one request where one thing differs", async () => {
    const agent = await agentStarts();
    const [first, ...others] = vfs(3, 3);
    if (first === undefined) throw new Error("no VF");
    await agent.pciDevices.sync(parent(3), [first, ...others]);
    agent.requests.length = 0;
    await agent.pciDevices.sync(parent(3), [{ ...first, driver: "vfio-pci" }, ...others]);
    expect(agent.requests).to.deep.equal([`merge ${nameOf(first)}`]);
    expect((await deviceOf(first)).status?.kernelDriverInUse).to.equal("vfio-pci");
  });

  it("gives a status to one whose maker was killed before it could", async () => {
    const [vf] = vfs(4, 1);
    if (vf === undefined) throw new Error("no VF");
    const metadata = { name: nameOf(vf), labels: { [Label.nodeName]: NODE_NAME }, ownerReferences: [owner] };
    await lab.client.create(PCI_DEVICE, { metadata }, PERSON);
    const agent = await agentStarts();
    await agent.pciDevices.sync(parent(4), [vf]);
    const { metadata: found, status } = await deviceOf(vf);
    expect(status?.address).to.equal(vf.address);
    expect(found.labels).to.include({ [Label.virtualFunction]: "true" });
  });

  it("ends as one would where two agents write at once", async () => {
    const both = [await agentStarts(), await agentStarts()];
    await Promise.all(both.map((agent) => agent.pciDevices.sync(parent(5), vfs(5, 8))));
    const agent = await agentStarts();
    await agent.pciDevices.sync(parent(5), vfs(5, 8));
    expect(agent.requests).to.deep.equal([]);
    expect(agent.informer.list().filter(({ status }) => status?.address.startsWith("0000:05:"))).to.have.length(8);
  });

  it("ends as one would where two agents delete at once", async () => {
    const both = [await agentStarts(), await agentStarts()];
    await both[0]?.pciDevices.sync(parent(6), vfs(6, 8));
    await Promise.all(both.map((agent) => agent.pciDevices.sync(parent(6), [])));
    const { items } = await lab.client.list(PCI_DEVICE, { labels: { [Label.parentDevice]: "n-writes-nic6" } });
    expect(items).to.deep.equal([]);
  });

  it("says that one is gone which somebody deleted just before it was written", async () => {
    const agent = await agentStarts();
    const [vf] = vfs(7, 1);
    if (vf === undefined) throw new Error("no VF");
    await agent.pciDevices.sync(parent(7), [vf]);
    await agent.informer.stop();
    await lab.client.delete(PCI_DEVICE, nameOf(vf));
    await agent.pciDevices.sync(parent(7), [{ ...vf, driver: "vfio-pci" }]);
    expect(agent.informer.get(nameOf(vf))).to.equal(undefined);
  });

  it("makes the Node its owner that is there now, and keeps other owners", async () => {
    const agent = await agentStarts();
    const [vf] = vfs(8, 1);
    if (vf === undefined) throw new Error("no VF");
    // The cluster stays: an object with an owner that never was would be collected.
    const cluster = await lab.client.get({ ...NODE, kind: "Namespace", plural: "namespaces" }, "kube-system");
    const other = { apiVersion: "v1", kind: "Namespace", name: "kube-system", uid: cluster.metadata.uid ?? "" };
    const former = { ...owner, uid: "11111111-2222-3333-4444-555555555555" };
    const metadata = {
      name: nameOf(vf),
      labels: { [Label.nodeName]: NODE_NAME },
      ownerReferences: [former, other],
    };
    agent.informer.observe(await lab.client.create(PCI_DEVICE, { metadata }, PERSON));
    await agent.pciDevices.sync(parent(8), [vf]);
    // As it was answered: later the garbage collector takes owners away that are not there.
    expect(agent.informer.get(nameOf(vf))?.metadata.ownerReferences).to.deep.equal([other, owner]);
  });

  it("writes nothing while there is no Node to own it", async () => {
    const agent = await agentStarts();
    agent.owner = undefined;
    await agent.pciDevices.sync(parent(9), vfs(9, 2));
    expect(agent.requests).to.deep.equal([]);
  });

  it("holds nothing of an object but what it compares", async () => {
    const agent = await agentStarts();
    await agent.pciDevices.sync(parent(10), vfs(10, 1));
    const held = agent.informer.get("n-writes-00000a100");
    expect(Object.keys(held ?? {})).to.deep.equal(["metadata", "status"]);
    expect(held?.metadata).to.have.all.keys("name", "uid", "resourceVersion", "labels", "ownerReferences");
  });
});

/** The part of an agent that writes PCIDevices, with what it asks of the API server. */
class TestAgent {
  readonly requests: string[] = [];
  mostAtOnce = 0;
  readonly informer: Informer<PciDevice>;
  readonly pciDevices: PciDevices;
  readonly node: NodePciDevices;
  private atOnce = 0;

  constructor(
    client: KubeClient,
    public owner: OwnerReference | undefined,
  ) {
    const labels = { [Label.nodeName]: NODE_NAME };
    this.informer = new Informer(client, PCI_DEVICE, { labels, keep: keptOfPciDevice });
    const { informer } = this;
    const counted: Pick<KubeClient, "create" | "get" | "merge" | "delete"> = {
      create: (type, object, options) =>
        this.request(`create ${object.metadata.name}`, () => client.create(type, object, options)),
      get: (type, name, options) => this.request(`get ${name}`, () => client.get(type, name, options)),
      merge: (type, name, patch, options) =>
        this.request(`merge ${name}`, () => client.merge(type, name, patch, options)),
      delete: (type, name, options) => this.request(`delete ${name}`, () => client.delete(type, name, options)),
    };
    const ids = new PciIds(undefined);
    const objects = new PciDeviceObjects({
      client: counted,
      informer,
      owner: () => this.owner,
      isClaimed: () => false,
    });
    this.pciDevices = new PciDevices(objects, ids);
    const kernel = { pciFunctions: () => Promise.resolve([]) };
    const devices = () => Array.from({ length: 11 }, (_, nic) => parent(nic));
    const isAnyUnlisted = () => false;
    const given = { list: () => [], has: () => false };
    const node = { nodeName: NODE_NAME, listing: "sriov" as const, isAnyUnlisted, given };
    this.node = new NodePciDevices({ ...node, kernel, ids, objects, turns: new Turns(), devices });
  }

  private async request<T>(what: string, send: () => Promise<T>): Promise<T> {
    this.requests.push(what);
    this.mostAtOnce = Math.max(this.mostAtOnce, ++this.atOnce);
    return send().finally(() => this.atOnce--);
  }
}

/** NIC `nic`, at 0000:<nic>:00.0. */
function parent(nic: number): SriovNetworkDevice {
  return {
    metadata: { name: `${NODE_NAME}-nic${nic}` },
    spec: { address: addressOf(nic), nodeName: NODE_NAME },
  };
}

function vfs(nic: number, count: number): VirtualFunction[] {
  return Array.from({ length: count }, (_, index) => ({
    index,
    address: virtualFunctionAddress(parsePciAddress(addressOf(nic)), index, 128, 2),
    vendorId: "8086",
    deviceId: "10ed",
    classId: "020000",
    driver: "ixgbevf",
    interfaces: [],
    interfaceElsewhere: false,
  }));
}

function addressOf(nic: number): string {
  return `0000:${nic.toString(16).padStart(2, "0")}:00.0`;
}

function nameOf({ address }: VirtualFunction): string {
  return `${NODE_NAME}-${address.replace(/[:.]/g, "")}`;
}
