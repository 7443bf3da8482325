import { expect } from "chai";
import type { VfGroup } from "../../../../api/sriov-network-device.js";
import { vfGroup } from "../../../unit/agent/nic.js";
import { nics } from "../hardware.js";
import { PluginNode } from "./plugin-node.js";

const FAST = "openshift.io/fast";
const group = (resourceName: string, vfRange: string, more: Partial<VfGroup> = {}): VfGroup =>
  vfGroup(vfRange, { resourceName, policyName: resourceName, ...more });

describe("a node whose policies' VFs are offered to the kubelet", () => {
  let plugin: PluginNode;
  const vfsOf = async (nic: number, count: number): Promise<string[]> => [
    ...((await plugin.observer.configured(plugin.nameOf(nic), count)).status?.vfAddresses ?? []),
  ];

  before(async () => {
    const spec = nics(6).map((nic) => ({ ...nic, numaNode: 1, totalVfs: 64 }));
    plugin = await PluginNode.start("n-plug", { nics: spec });
  });
  after(() => plugin.stop());

  it("registers nothing while no policy wants anything", () => {
    expect(plugin.kubelet.registered).to.deep.equal([]);
  });

  it("offers VFs as soon as they are there, under the policy's name and by address", async () => {
    await plugin.ask(0, { numVFS: 4, vfGroups: [group("fast", "0-3")] });
    await plugin.offers(FAST, 4);
    expect(plugin.healthy(FAST)).to.deep.equal(await vfsOf(0, 4));
  });

  it("registers each resource once, with what it can do", () => {
    const [registered, ...others] = plugin.kubelet.registered.filter(({ resourceName }) => resourceName === FAST);
    expect(others).to.deep.equal([]);
    expect(registered).to.deep.include({
      version: "v1beta1",
      options: { preStartRequired: false, getPreferredAllocationAvailable: true },
    });
  });

  it("tells on which NUMA node they are", () => {
    expect(plugin.kubelet.devicesOf(FAST)?.map(({ numaNodes }) => numaNodes)).to.deep.equal([[1], [1], [1], [1]]);
  });

  it("keeps it from the kubelet where the policy says so", async () => {
    await plugin.ask(1, { numVFS: 1, vfGroups: [group("anywhere", "0-0", { excludeTopology: true })] });
    await plugin.offers("openshift.io/anywhere", 1);
    expect(plugin.kubelet.devicesOf("openshift.io/anywhere")?.[0]?.numaNodes).to.deep.equal([]);
  });

  it("offers the VFs of two policies of one NIC under their names", async () => {
    await plugin.ask(2, { numVFS: 4, vfGroups: [group("left", "0-0"), group("right", "1-3")] });
    await plugin.offers("openshift.io/right", 3);
    await plugin.offers("openshift.io/left", 1);
    const [first, ...others] = await vfsOf(2, 4);
    expect([plugin.healthy("openshift.io/left"), plugin.healthy("openshift.io/right")]).to.deep.equal([
      [first],
      others,
    ]);
  });

  it("offers VFs for guests once they have vfio-pci", async () => {
    await plugin.ask(3, { numVFS: 2, vfGroups: [group("guests", "0-1", { deviceType: "vfio-pci" })] });
    await plugin.offers("openshift.io/guests", 2);
    const allocation = await plugin.kubelet.allocate("vm/launcher", "openshift.io/guests");
    expect(allocation.devices.map(({ hostPath }) => hostPath)[0]).to.equal("/dev/vfio/vfio");
    expect(allocation.envs["PCI_RESOURCE_OPENSHIFT_IO_GUESTS"]).to.equal((await vfsOf(3, 2))[0]);
  });

  it("gives a container its VFs, and Multus the files that tell of them", async () => {
    const [first, second] = await vfsOf(0, 4);
    const { envs, devices, mounts } = await plugin.kubelet.allocate("web/router-0", FAST, 2);
    expect(envs["PCIDEVICE_OPENSHIFT_IO_FAST"]).to.equal(`${first},${second}`);
    expect([devices, mounts]).to.deep.equal([[], []]);
    expect(plugin.deviceInfo()[`openshift.io-fast-${first}-device.json`]).to.deep.equal({
      type: "pci",
      version: "1.1.0",
      pci: { "pci-address": first, "pf-pci-address": "0000:01:00.0" },
    });
  });

  it("refuses what it does not offer, in words", async () => {
    const refused = await plugin.kubelet.allocateThese(FAST, ["0000:09:00.0"]).then(
      () => "given",
      (error: unknown) => String(error),
    );
    expect(refused).to.include(`0000:09:00.0 is no device of ${FAST} on this node (any more)`);
  });

  it("takes VFs back that go, with the files that tell of them", async () => {
    const [first = ""] = await vfsOf(0, 4);
    await plugin.free("web/router-0", first);
    await plugin.ask(0, { numVFS: 0, vfGroups: [] });
    await plugin.kubelet.until(() => plugin.kubelet.devicesOf(FAST)?.length === 0);
    await plugin.observer.configured(plugin.nameOf(0), 0);
    // Another resource is registered after all that there was to do about this one.
    await plugin.ask(4, { numVFS: 1, vfGroups: [group("later", "0-0")] });
    await plugin.offers("openshift.io/later", 1);
    expect(Object.keys(plugin.deviceInfo()).filter((file) => file.startsWith("openshift.io-fast-"))).to.deep.equal([]);
  });

  it("offers 64 new VFs by one list", async () => {
    await plugin.ask(5, { numVFS: 64, vfGroups: [group("many", "0-63")] });
    await plugin.offers("openshift.io/many", 64);
    expect(plugin.kubelet.listsOf.get("openshift.io/many")).to.equal(1);
  });

  it("has new ones there beside the old ones, without registering again", async () => {
    await plugin.ask(0, { numVFS: 8, vfGroups: [group("many", "0-7")] });
    await plugin.offers("openshift.io/many", 72);
    expect(plugin.kubelet.registered.filter(({ resourceName }) => resourceName === "openshift.io/many")).to.have.length(
      1,
    );
  });

  it("says that VFs are ill while their NIC gets another count, and has the new ones after", async () => {
    await plugin.ask(2, { numVFS: 6, vfGroups: [group("left", "0-0"), group("right", "1-5")] });
    await plugin.offers("openshift.io/right", 5);
    expect(plugin.logged().some((line) => line.startsWith("openshift.io/right is given to no pod for now: "))).to.equal(
      true,
    );
  });

  it("counts what it offers and gives", async () => {
    const text = await plugin.metrics();
    expect(text).to.include('pulumi_sriov_agent_advertised_devices{resource="openshift.io/many",health="healthy"} 72');
    expect(text).to.include('pulumi_sriov_agent_allocations_total{resource="openshift.io/fast",result="given"} 2');
    expect(text).to.include('pulumi_sriov_agent_allocations_total{resource="openshift.io/fast",result="refused"} 1');
  });
});
