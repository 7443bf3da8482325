import { expect } from "chai";
import { NODE, POD } from "../../../api/core.js";
import { pciDeviceName, RECONCILER_NAMESPACE } from "../../../api/names.js";
import { NETWORK_ATTACHMENT_DEFINITION } from "../../../api/network-attachment-definition.js";
import type { KubeObject, ResourceType } from "../../../api/object.js";
import { claimReady, PCI_DEVICE_CLAIM } from "../../../api/pci-device-claim.js";
import { PCI_DEVICE } from "../../../api/pci-device.js";
import { SRIOV_NETWORK_DEVICE, type SriovNetworkDevice } from "../../../api/sriov-network-device.js";
import { SRIOV_NETWORK } from "../../../api/sriov-network.js";
import { SRIOV_NETWORK_NODE_POLICY } from "../../../api/sriov-network-node-policy.js";
import { VERSION } from "../../../api/version.js";
import { Informer } from "../../../kube/informer.js";
import { rescan } from "../../integration/agent/agent-process.js";
import { Observer, until } from "../../integration/agent/observer.js";
import { readyReason } from "../../integration/controller/policy-cluster.js";
import { makeDefaultAccount } from "../../integration/service-account.js";
import { TwoVersions } from "./two-versions.js";

const OLD = "0.1.0";
const NAME = "n-upgraded";
const IN_USE = { name: `${NAME}-eno49`, address: "0000:04:00.0" };
const OTHER = { name: `${NAME}-eno50`, address: "0000:04:00.1" };
const PERSON = { fieldManager: "person" };
const POOL = "openshift.io/pool";

/** One story, in order: 4 VFs of a policy are in use, three by a pod and one by a claim, while versions change. */
describe("an upgrade of the reconciler", () => {
  let cluster: TwoVersions;
  let observer: Observer;

  before(async function () {
    this.timeout(120_000);
    cluster = await TwoVersions.start(NAME, OLD);
    const { client } = cluster.lab;
    observer = await Observer.start(client);
    await makeDefaultAccount(client);
    const inOurs = { namespace: RECONCILER_NAMESPACE };
    const policy = { resourceName: "pool", nodeSelector: {}, nicSelector: { pfNames: ["eno49"] }, numVfs: 4 };
    await client.create(SRIOV_NETWORK_NODE_POLICY, { metadata: { name: "pool", ...inOurs }, spec: policy }, PERSON);
    const network = { metadata: { name: "net", ...inOurs }, spec: { resourceName: "pool", vlan: 7 } };
    await client.create(SRIOV_NETWORK, network, PERSON);
    const [first = ""] = (await observer.configured(IN_USE.name, 4)).status?.vfAddresses ?? [];
    const claim = { nodeName: NAME, address: first, userName: "alice" };
    await client.create(PCI_DEVICE_CLAIM, { metadata: { name: pciDeviceName(NAME, first) }, spec: claim }, PERSON);
    // A kubelet refuses a pod that comes before what it asks for.
    await offered();
    const limits = { [POOL]: "3" };
    const containers = [{ name: "main", image: "none", resources: { limits } }];
    const pod = { nodeName: NAME, automountServiceAccountToken: false, containers };
    await client.create(POD, { metadata: { name: "router", namespace: "default" }, spec: pod }, PERSON);
    await settled();
    await cluster.node.hardware.clearWrites();
  });
  after(async () => {
    await observer.stop();
    await cluster.stop();
  });

  const usersOf = ({ status }: SriovNetworkDevice): string[] =>
    (status?.virtualFunctions ?? []).map(({ usedBy }) => usedBy ?? "nobody").sort();

  /** Resolves when the pool has all VFs but the one that is claimed. */
  const offered = (): Promise<void> => objectIs(NODE, (node) => node.status?.allocatable?.[POOL] === "3");

  /** Resolves when all four VFs are in use and offered, as the agent and the controller of the day say. */
  async function settled(): Promise<void> {
    // What the kubelet has given out tells no event.
    rescan(cluster.lab.run, cluster.node);
    await observer.device(IN_USE.name, (device) => !usersOf(device).includes("nobody") && usersOf(device).length === 4);
    await offered();
    await objectIs(SRIOV_NETWORK_NODE_POLICY, (policy) => readyReason(policy) === "Configured");
    await objectIs(PCI_DEVICE_CLAIM, (claim) => claimReady(claim)?.reason === "Enabled");
    await objectIs(NETWORK_ATTACHMENT_DEFINITION, () => true);
  }

  /** Resolves when the one object of that kind is as wanted. */
  async function objectIs<T extends KubeObject>(type: ResourceType<T>, wanted: (object: T) => boolean): Promise<void> {
    const informer = new Informer(cluster.lab.client, type).start();
    await informer.synced;
    await until(informer, () => informer.list()[0], wanted, type.plural);
    await informer.stop();
  }

  /** What people and programs know objects by. A generation that grows would have agents and resources act. */
  async function identities(): Promise<string[]> {
    const kinds: ResourceType<KubeObject>[] = [
      ...[SRIOV_NETWORK_NODE_POLICY, SRIOV_NETWORK, NETWORK_ATTACHMENT_DEFINITION],
      ...[SRIOV_NETWORK_DEVICE, PCI_DEVICE, PCI_DEVICE_CLAIM, POD],
    ];
    const lists = await Promise.all(kinds.map((kind) => cluster.lab.client.list(kind)));
    return lists
      .flatMap(({ items }) => items)
      .filter(({ metadata }) => !metadata.name.startsWith("pulumi-sriov-") && metadata.name !== OTHER.name)
      .filter(({ metadata }) => metadata.labels?.["harvesterhci.io/parent-sriov-network-device"] !== OTHER.name)
      .map(({ metadata: { name, uid = "", generation = 0 } }) => `${name} ${uid} ${generation}`)
      .sort();
  }

  for (const [index, version] of [VERSION, OLD].entries()) {
    it(`${index === 0 ? "to" : "back to"} ${version} leaves VFs in use as they are, and to their users`, async () => {
      const before = await identities();
      await cluster.changeTo(version);
      await settled();
      // Something that only a version at work does.
      await observer.declare(OTHER.name, index + 1);
      await observer.configured(OTHER.name, index + 1);
      expect(await identities()).to.deep.equal(before);
      const device = await observer.device(IN_USE.name, () => true);
      const pod = "pod default/router";
      expect(usersOf(device)).to.deep.equal([
        `claim ${device.status?.vfPCIDevices?.[0] ?? ""} of alice`,
        pod,
        pod,
        pod,
      ]);
      const writes = await cluster.node.hardware.writes();
      expect(writes.filter(({ address }) => address !== OTHER.address)).to.deep.equal([]);
    });
  }
});
