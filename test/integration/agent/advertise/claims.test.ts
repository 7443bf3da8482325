import { expect } from "chai";
import { pciDeviceName } from "../../../../api/names.js";
import { claimReady, PCI_DEVICE_CLAIM, type PciDeviceClaim } from "../../../../api/pci-device-claim.js";
import { Informer } from "../../../../kube/informer.js";
import { vfGroup } from "../../../unit/agent/nic.js";
import { until } from "../observer.js";
import { PluginNode } from "./plugin-node.js";

const FAST = "openshift.io/fast";

describe("a node whose VFs are claimed", () => {
  let plugin: PluginNode;
  let claims: Informer<PciDeviceClaim>;
  let vfs: readonly string[];
  let resourceName: string;

  before(async () => {
    plugin = await PluginNode.start("n-plug-claim");
    claims = new Informer(plugin.lab.client, PCI_DEVICE_CLAIM).start();
    await plugin.ask(0, { numVFS: 4, vfGroups: [vfGroup("0-3", { resourceName: "fast" })] });
    await plugin.offers(FAST, 4);
    vfs = (await plugin.observer.configured(plugin.nameOf(0), 4)).status?.vfAddresses ?? [];
  });
  after(async () => {
    await claims.stop();
    await plugin.stop();
  });

  const nameOf = (index: number): string => pciDeviceName("n-plug-claim", vfs[index] ?? "");
  async function claim(index: number): Promise<void> {
    const spec = { address: vfs[index] ?? "", nodeName: "n-plug-claim", userName: "alice" };
    await plugin.lab.client.create(
      PCI_DEVICE_CLAIM,
      { metadata: { name: nameOf(index) }, spec },
      { fieldManager: "me" },
    );
  }
  const says = (index: number, reason: string): Promise<PciDeviceClaim> =>
    until(
      claims,
      () => claims.get(nameOf(index)),
      (it) => claimReady(it)?.reason === reason,
      nameOf(index),
    );

  it("offers a VF that is claimed under the name that the claim's status says", async () => {
    await claim(1);
    resourceName = (await says(1, "Enabled")).status?.resourceName ?? "";
    await plugin.offers(resourceName, 1);
    expect(plugin.healthy(resourceName)).to.deep.equal([vfs[1]]);
  });

  it("has it in its policy's pool no more", async () => {
    await plugin.offers(FAST, 3);
    expect(plugin.kubelet.devicesOf(FAST)?.map(({ id }) => id)).to.deep.equal([vfs[0], vfs[2], vfs[3]]);
  });

  it("gives it to a virtual machine as KubeVirt wants it", async () => {
    const { envs, devices } = await plugin.kubelet.allocate("vms/virt-launcher-vm1", resourceName);
    const variable = `PCI_RESOURCE_${resourceName.toUpperCase().replace(/[./]/g, "_")}`;
    expect(envs[variable]).to.equal(vfs[1]);
    expect(devices).to.have.length(2);
    expect(devices[0]).to.deep.equal({
      containerPath: "/dev/vfio/vfio",
      hostPath: "/dev/vfio/vfio",
      permissions: "mrw",
    });
    expect(devices[1]?.hostPath).to.match(/^\/dev\/vfio\/\d+$/);
  });

  it("offers a second one beside it", async () => {
    await claim(2);
    await plugin.offers(resourceName, 2);
    expect(plugin.healthy(resourceName)).to.deep.equal([vfs[1], vfs[2]]);
  });

  it("offers what is claimed again after a restart of its agent", async () => {
    await plugin.node.stopAgent("SIGKILL");
    await plugin.offers(resourceName, 0);
    await plugin.node.startAgent();
    await plugin.offers(resourceName, 2);
    await plugin.offers(FAST, 2);
  });

  it("gives a VF back to its pool when its claim is gone", async () => {
    await plugin.lab.client.delete(PCI_DEVICE_CLAIM, nameOf(2));
    await plugin.offers(FAST, 3);
    expect(plugin.healthy(resourceName)).to.deep.equal([vfs[1]]);
  });

  it("leaves a VF that a pod has in its pool when a claim of it is refused", async () => {
    await plugin.kubelet.allocate("web/router-0", FAST);
    const [given = ""] = plugin.kubelet.devicesOfPod("web/router-0", FAST);
    await plugin.usedBy(given, "pod web/router-0");
    await claim(vfs.indexOf(given));
    await says(vfs.indexOf(given), "InUse");
    await plugin.offers(FAST, 3);
    expect(plugin.healthy(FAST)).to.include(given);
  });
});
