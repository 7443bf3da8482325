import { expect } from "chai";
import { Guard } from "../../../api/admission-policies.js";
import { NODE, type Node } from "../../../api/core.js";
import { Annotation, Label } from "../../../api/names.js";
import type { OwnerReference } from "../../../api/object.js";
import { PCI_DEVICE, type PciDevice } from "../../../api/pci-device.js";
import { SRIOV_NETWORK_DEVICE, type SriovNetworkDevice } from "../../../api/sriov-network-device.js";
import type { KubeClient } from "../../../kube/client.js";
import { ApiError } from "../../../kube/errors.js";
import type { Lab } from "../../../lab/lab.js";
import { refusal } from "../refusal.js";
import { sharedLab } from "../../shared-lab.js";
import { makeDevice } from "./device.js";
import { change, refusedBy } from "./guarded.js";
import { letAgentsDisrupt } from "./people.js";

const MINE = "n-agents";
const OTHER = "n-agents-other";

/** The agent's role allows all of this: what is refused here is refused by the policy. */
describe("the guard of what agents write", () => {
  let lab: Lab;
  let agent: KubeClient;
  const options = { fieldManager: "agent" };
  const refused = (work: Promise<unknown>): Promise<string> => refusedBy(Guard.agents, work);

  before(async () => {
    lab = await sharedLab();
    agent = await lab.clientOfNode(MINE);
    await lab.clientOfNode(OTHER);
  });

  describe("on Nodes", () => {
    const write = (metadata: object, name = MINE): Promise<Node> => agent.merge(NODE, name, { metadata }, options);

    it("lets it write its labels and its annotation, and remove them", async () => {
      const labels = { [Label.capable]: "true", [Label.featureCapable]: "true" };
      const { metadata } = await write({ labels, annotations: { [Annotation.leftOutNics]: "[]" } });
      expect(metadata.labels).to.include(labels);
      const none = { labels: { [Label.featureCapable]: null }, annotations: { [Annotation.leftOutNics]: null } };
      expect((await write(none)).metadata.labels).not.to.have.property(Label.featureCapable);
    });

    it("refuses the Node of another", async () => {
      expect(await refused(write({ labels: { [Label.capable]: "true" } }, OTHER))).to.equal(
        `an agent writes no Node but its own; this is user "system:serviceaccount:pulumi-sriov:pulumi-sriov-agent", ` +
          `whose credentials are bound to node "${MINE}", and the Node ${OTHER}`,
      );
    });

    for (const [what, patch] of [
      ["a new label", { metadata: { labels: { "node-role.kubernetes.io/control-plane": "" } } }],
      ["a changed label", { metadata: { labels: { theirs: "changed" } } }],
      ["a removed label", { metadata: { labels: { theirs: null } } }],
      ["a new annotation", { metadata: { annotations: { another: "x" } } }],
      ["a removed annotation", { metadata: { annotations: { theirs: null } } }],
      ["a finalizer", { metadata: { finalizers: ["example.org/stay"] } }],
      ["an owner", { metadata: { ownerReferences: [{ apiVersion: "v1", kind: "Node", name: OTHER, uid: "0-0" }] } }],
      ["a taint", { spec: { taints: [{ key: "example.org/away", effect: "NoExecute" }] } }],
      ["a cordon", { spec: { unschedulable: true } }],
    ] as const) {
      it(`refuses ${what}`, async () => {
        const theirs = { labels: { theirs: "unchanged" }, annotations: { theirs: "as it was" } };
        await lab.client.merge(NODE, MINE, { metadata: theirs }, { fieldManager: "others" });
        const message = await refused(agent.merge(NODE, MINE, patch, options));
        expect(message).to.match(
          /^n-agents: an agent writes nothing of its Node but the labels .* and the annotation /,
        );
      });
    }
  });

  describe("on SriovNetworkDevices", () => {
    let made = 0;
    const create = (nodeName: string, numVFS?: number, named = MINE): Promise<SriovNetworkDevice> => {
      const metadata = { name: `${named}-by-agent-${++made}` };
      const spec = { address: "0000:04:00.0", nodeName, ...(numVFS !== undefined && { numVFS }) };
      return agent.apply(SRIOV_NETWORK_DEVICE, { metadata, spec }, options);
    };

    it("lets it make one of its node", async () => {
      expect((await create(MINE)).spec).to.deep.equal({ address: "0000:04:00.0", nodeName: MINE, numVFS: 0 });
    });

    it("refuses to make one of another node", async () => {
      expect(await refused(create(OTHER))).to.include(`and the device is of node ${OTHER}`);
    });

    it("refuses to make one whose name is for another node's", async () => {
      const message = await refused(create(MINE, undefined, "another"));
      expect(message).to.match(/^another-by-agent-\d+: an agent names a device for its own node/);
    });

    it("refuses to make one with VFs", async () => {
      expect(await refused(create(MINE, 4))).to.match(/^n-agents-by-agent-\d+: an agent never sets spec.numVFS$/);
    });

    it("lets it write labels and annotations of one of its node", async () => {
      const { metadata } = await makeDevice(lab.client, MINE);
      const wanted = { labels: { [Label.nodeName]: MINE }, annotations: { [Annotation.interfaceName]: "eno49" } };
      const written = await agent.merge(SRIOV_NETWORK_DEVICE, metadata.name, { metadata: wanted }, options);
      expect(written.metadata.annotations).to.include(wanted.annotations);
    });

    it("refuses to change one of another node", async () => {
      const { metadata } = await makeDevice(lab.client, OTHER);
      const patch = { metadata: { labels: { a: "b" } } };
      await refused(agent.merge(SRIOV_NETWORK_DEVICE, metadata.name, patch, options));
    });

    it("refuses to change a count", async () => {
      const device = await makeDevice(lab.client, MINE);
      expect(await refused(change(agent, device, { count: 4 }))).to.include("never sets spec.numVFS");
    });

    for (const [field, value] of [
      ["mtu", 9_000],
      ["vfGroups", [{ resourceName: "storage", policyName: "storage", vfRange: "0-3" }]],
    ] as const) {
      const set = (device: SriovNetworkDevice, value: unknown): Promise<SriovNetworkDevice> =>
        agent.merge(SRIOV_NETWORK_DEVICE, device.metadata.name, { spec: { [field]: value } }, options);

      it(`refuses to make one with spec.${field}`, async () => {
        const spec = { address: "0000:04:00.0", nodeName: MINE, [field]: value };
        const object = { metadata: { name: `${MINE}-by-agent-${++made}` }, spec };
        const message = await refused(agent.apply(SRIOV_NETWORK_DEVICE, object, options));
        expect(message).to.match(new RegExp(`^${MINE}-by-agent-\\d+: an agent never sets spec.${field}$`));
      });

      it(`refuses to set spec.${field}`, async () => {
        await refused(set(await makeDevice(lab.client, MINE), value));
      });

      it(`refuses to remove spec.${field}, and lets it write the rest`, async () => {
        const { metadata } = await makeDevice(lab.client, MINE);
        const patch = { spec: { [field]: value } };
        const device = await lab.client.merge(SRIOV_NETWORK_DEVICE, metadata.name, patch, {
          fieldManager: "controller",
        });
        await refused(set(device, null));
        const labels = { metadata: { labels: { [Label.nodeName]: MINE } } };
        const written = await agent.merge(SRIOV_NETWORK_DEVICE, metadata.name, labels, options);
        expect(written.spec[field]).to.deep.equal(value);
      });
    }

    it("refuses to allow a disruption, though a role lets it", async () => {
      const device = await makeDevice(lab.client, MINE);
      await letAgentsDisrupt(lab, agent, device.metadata.name);
      const message = await refused(change(agent, device, { allow: "0" }));
      expect(message).to.include("removes the annotation devices.harvesterhci.io/allow-disruption, and never sets it");
    });
  });

  describe("on PCIDevices", () => {
    const create = (name: string): Promise<PciDevice> =>
      agent.create(PCI_DEVICE, { metadata: { name }, spec: {} }, options);

    it("lets it make and delete one of its node", async () => {
      const { metadata } = await create(`${MINE}-000004100`);
      await agent.delete(PCI_DEVICE, metadata.name);
    });

    it("refuses to make one of another node", async () => {
      expect(await refused(create(`${OTHER}-000004100`))).to.include("whose names begin with the node's");
    });

    it("refuses to change and to delete one of another node", async () => {
      const name = `${OTHER}-000004101`;
      await lab.client.create(PCI_DEVICE, { metadata: { name }, spec: {} }, { fieldManager: "maker" });
      await refused(agent.merge(PCI_DEVICE, name, { metadata: { labels: { a: "b" } } }, options));
      await refused(agent.delete(PCI_DEVICE, name));
    });
  });

  describe("on the label by which agents find their objects", () => {
    const of = (nodeName: string) => ({ metadata: { labels: { [Label.nodeName]: nodeName } } });
    const makePciDevice = (labels = {}): Promise<PciDevice> => {
      const metadata = { name: `${MINE}-00000${++pciDevices}`, labels };
      return agent.create(PCI_DEVICE, { metadata, spec: {} }, options);
    };
    let pciDevices = 5_000;

    it("lets it name its own node", async () => {
      expect((await makePciDevice(of(MINE).metadata.labels)).metadata.labels).to.deep.equal(of(MINE).metadata.labels);
    });

    it("refuses to make a PCIDevice that another node's agent would find", async () => {
      expect(await refused(makePciDevice(of(OTHER).metadata.labels))).to.match(
        /^n-agents-000005\d{3}: an agent sets the label nodename to its own node alone; this is user /,
      );
    });

    it("refuses to hand a PCIDevice to another node's agent", async () => {
      const { metadata } = await makePciDevice();
      expect(await refused(agent.merge(PCI_DEVICE, metadata.name, of(OTHER), options))).to.include(
        "the label nodename",
      );
    });

    it("refuses to hand a SriovNetworkDevice to another node's agent", async () => {
      const { metadata } = await makeDevice(lab.client, MINE);
      const work = agent.merge(SRIOV_NETWORK_DEVICE, metadata.name, of(OTHER), options);
      expect(await refused(work)).to.include("the label nodename");
    });

    it("lets it write the rest where somebody else has set the label wrong, and set it right", async () => {
      const { name } = (await makePciDevice()).metadata;
      await lab.client.merge(PCI_DEVICE, name, of(OTHER), { fieldManager: "somebody" });
      await agent.merge(PCI_DEVICE, name, { metadata: { labels: { a: "b" } } }, options);
      const { metadata } = await agent.merge(PCI_DEVICE, name, of(MINE), options);
      expect(metadata.labels).to.deep.equal({ ...of(MINE).metadata.labels, a: "b" });
    });
  });

  describe("on owners", () => {
    const ownerOf = async (name: string): Promise<OwnerReference> => {
      const { metadata } = await lab.client.get(NODE, name);
      return { apiVersion: "v1", kind: "Node", name, uid: metadata.uid ?? "" };
    };
    const makePciDevice = (client: KubeClient, ownerReferences: readonly OwnerReference[]): Promise<PciDevice> => {
      const metadata = { name: `${MINE}-00000${++made}`, ownerReferences };
      return client.create(PCI_DEVICE, { metadata, spec: {} }, options);
    };
    let made = 6_000;

    it("lets it have its objects go with its Node", async () => {
      const owner = await ownerOf(MINE);
      expect((await makePciDevice(agent, [owner])).metadata.ownerReferences).to.deep.equal([owner]);
    });

    it("refuses to have a PCIDevice keep another Node", async () => {
      expect(await refused(makePciDevice(agent, [await ownerOf(OTHER)]))).to.include(
        "no owner but its own Node; this is",
      );
    });

    it("refuses to have a SriovNetworkDevice keep another Node", async () => {
      const { metadata } = await makeDevice(lab.client, MINE);
      const patch = { metadata: { ownerReferences: [await ownerOf(OTHER)] } };
      expect(await refused(agent.merge(SRIOV_NETWORK_DEVICE, metadata.name, patch, options))).to.include(
        "no owner but",
      );
    });

    it("lets it take owners away, and leave those that others have set", async () => {
      const [mine, other] = [await ownerOf(MINE), await ownerOf(OTHER)];
      const { name } = (await makePciDevice(lab.client, [other])).metadata;
      const write = (ownerReferences: readonly OwnerReference[]) =>
        agent.merge(PCI_DEVICE, name, { metadata: { ownerReferences } }, options);
      expect((await write([other, mine])).metadata.ownerReferences).to.have.length(2);
      expect((await write([mine])).metadata.ownerReferences).to.deep.equal([mine]);
    });
  });

  it("lets everybody else write Nodes as their roles say", async () => {
    const patch = { metadata: { labels: { team: "network" } } };
    expect((await lab.client.merge(NODE, MINE, patch, options)).metadata.labels).to.include({ team: "network" });
  });

  it("leaves an agent no verb that its role does not have", async () => {
    expect((await refusal(agent.delete(NODE, MINE), ApiError)).message).to.include('cannot delete resource "nodes"');
  });
});
