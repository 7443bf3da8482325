import { expect } from "chai";
import { Label } from "../../../api/names.js";
import { PCI_DEVICE } from "../../../api/pci-device.js";
import { SRIOV_NETWORK_DEVICE } from "../../../api/sriov-network-device.js";
import type { Lab } from "../../../lab/lab.js";
import { KubeClient } from "../../../kube/client.js";
import { Cluster, type ListedPciDevice, type PciDeviceFilter, pciDevices } from "../../../provider/index.js";
import { sharedLab } from "../../shared-lab.js";
import { askProgram } from "./ask-program.js";
import { ClaimDriver } from "./claims/driver.js";
import { letWatch, personKubeconfig } from "../api/people.js";
import { nics } from "../agent/hardware.js";
import { Observer } from "../agent/observer.js";
import { refusal } from "../refusal.js";

describe("getPciDevices", () => {
  let lab: Lab;
  const NODE = "pci-devices";
  const [FIRST, SECOND] = [`${NODE}-nic0`, `${NODE}-nic1`];

  before(async () => {
    lab = await sharedLab();
    const observer = await Observer.start(lab.client);
    await lab.addSimulatedNode(NODE, { spec: { nics: nics(2) }, agentArgs: ["--pci-devices", "all"] });
    for (const name of [FIRST, SECOND]) {
      await lab.client.merge(SRIOV_NETWORK_DEVICE, name, { spec: { numVFS: 2 } }, { fieldManager: "test" });
      await observer.configured(name, 2);
      await observer.pciDevicesOf(name);
    }
    await observer.stop();
    const driver = ClaimDriver.open(lab.controlPlane.kubeconfig);
    await driver.create(driver.inputs("vf", { nodeName: NODE, address: "0000:01:10.0", userName: "alice" }));
    await driver.close();
  });

  async function ask(
    filter: PciDeviceFilter,
    kubeconfig = lab.controlPlane.kubeconfig,
  ): Promise<readonly ListedPciDevice[]> {
    const cluster = Cluster.open({ kubeconfig });
    try {
      return await pciDevices(cluster, filter);
    } finally {
      await cluster.close();
    }
  }
  const addresses = async (filter: PciDeviceFilter): Promise<readonly string[]> =>
    (await ask(filter)).map(({ address }) => address);

  it("answers with all that is known of a VF", async () => {
    const [device] = await ask({ nodeName: NODE, addresses: ["0000:01:10.2"] });
    const live = await lab.client.get(PCI_DEVICE, `${NODE}-000001102`);
    const { vendorId, deviceId, classId, iommuGroup, description, resourceName } = live.status ?? expect.fail();
    expect(device).to.deep.equal({
      ...{ name: `${NODE}-000001102`, nodeName: NODE, address: "0000:01:10.2" },
      ...{ vendorId, deviceId, classId, iommuGroup, description, resourceName },
      ...{ driver: "ixgbevf", virtualFunction: true, parentDevice: FIRST, absent: false },
    });
  });

  it("answers with who has claimed a device", async () => {
    const [device] = await ask({ nodeName: NODE, addresses: ["0000:01:10.0"] });
    expect(device?.claim).to.deep.equal({ userName: "alice", passthroughEnabled: true });
    expect(device?.driver).to.equal("vfio-pci");
  });

  it("answers with the VFs of one NIC, in order", async () => {
    expect(await addresses({ parentDevice: SECOND })).to.deep.equal(["0000:02:10.0", "0000:02:10.2"]);
  });

  it("answers with VFs alone, or with others alone", async () => {
    const vfs = ["0000:01:10.0", "0000:01:10.2", "0000:02:10.0", "0000:02:10.2"];
    expect(await addresses({ nodeName: NODE, virtualFunction: true })).to.deep.equal(vfs);
    const others = await addresses({ nodeName: NODE, virtualFunction: false });
    expect(others).to.include.members(["0000:01:00.0", "0000:02:00.0"]).and.not.include.members(vfs);
  });

  it("answers with addresses of whichever node", async () => {
    expect((await ask({ addresses: ["0000:01:10.0"] })).map(({ nodeName }) => nodeName)).to.include(NODE);
    expect(await addresses({ addresses: [] })).to.deep.equal([]);
  });

  it("answers with none of a node that has none", async () => {
    expect(await ask({ nodeName: "nowhere" })).to.deep.equal([]);
  });

  it("takes what has only its NIC's label for a VF, as Harvester has it", async () => {
    const labels = { [Label.virtualFunction]: null };
    const agent = await lab.clientOfNode(NODE);
    await agent.merge(PCI_DEVICE, `${NODE}-000001102`, { metadata: { labels } }, { fieldManager: "test" });
    expect((await ask({ nodeName: NODE, addresses: ["0000:01:10.2"] }))[0]?.virtualFunction).to.equal(true);
  });

  it("fails where devices may not be listed, in the API server's words", async () => {
    const kubeconfig = await personKubeconfig(lab, "blind", ["list", "watch"]);
    expect((await refusal(ask({}, kubeconfig), Error)).message).to.contain("pcidevices");
  });

  it("fails where claims may not be listed, since every device would look free", async () => {
    const kubeconfig = await personKubeconfig(lab, "blind-to-claims", ["get"]);
    const client = KubeClient.open({ kubeconfig }, "test");
    await letWatch(lab, "blind-to-claims", client, "pcidevices");
    client.close();
    expect((await refusal(ask({}, kubeconfig), Error)).message).to.contain("pcideviceclaims");
  });

  describe("in a program", () => {
    let lines: readonly unknown[];
    before(async () => {
      lines = await askProgram(lab, "getPciDevices", { parentDevice: FIRST });
    });

    it("answers by the stack's configuration, and lets the program end", () => {
      const devices = lines[0] as readonly ListedPciDevice[];
      expect(devices.map(({ address }) => address)).to.deep.equal(["0000:01:10.0", "0000:01:10.2"]);
    });

    it("answers the same as an output, of arguments that are outputs", () => {
      expect(lines.slice(1)).to.deep.include(lines[0]);
    });

    it("answers with no secret though a kubeconfig is one", () => {
      expect(lines.slice(1)).to.deep.include({ isSecret: false });
    });
  });
});
