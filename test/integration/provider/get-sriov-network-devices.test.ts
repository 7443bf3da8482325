import { expect } from "chai";
import { SRIOV_NETWORK_DEVICE } from "../../../api/sriov-network-device.js";
import type { Lab } from "../../../lab/lab.js";
import { Cluster, type DeviceFilter, type ListedDevice, sriovNetworkDevices } from "../../../provider/index.js";
import { sharedLab } from "../../shared-lab.js";
import { nics } from "../agent/hardware.js";
import { Observer } from "../agent/observer.js";
import { personKubeconfig } from "../api/people.js";
import { refusal } from "../refusal.js";
import { askProgram } from "./ask-program.js";

describe("getSriovNetworkDevices", () => {
  let lab: Lab;
  const NODE = "listed-devices";
  const [FIRST, SECOND] = [`${NODE}-nic0`, `${NODE}-nic1`];

  before(async () => {
    lab = await sharedLab();
    const observer = await Observer.start(lab.client);
    await lab.addSimulatedNode(NODE, { spec: { nics: nics(2) } });
    await lab.client.merge(SRIOV_NETWORK_DEVICE, FIRST, { spec: { numVFS: 2 } }, { fieldManager: "kubectl-edit" });
    await observer.configured(FIRST, 2);
    await observer.stop();
  });

  async function ask(filter: DeviceFilter, kubeconfig = lab.controlPlane.kubeconfig): Promise<readonly ListedDevice[]> {
    const cluster = Cluster.open({ kubeconfig });
    try {
      return await sriovNetworkDevices(cluster, filter);
    } finally {
      await cluster.close();
    }
  }
  const names = async (filter: DeviceFilter): Promise<readonly string[]> =>
    (await ask({ nodeName: NODE, ...filter })).map(({ name }) => name);

  it("answers with all that is known of a NIC and its VFs", async () => {
    const [device] = await ask({ nodeName: NODE, interfaceName: "nic0" });
    const { vendorId, deviceId } = (await lab.client.get(SRIOV_NETWORK_DEVICE, FIRST)).status ?? expect.fail();
    const vf = (index: number, address: string): object => {
      const pciDevice = `${NODE}-${address.replace(/[:.]/g, "")}`;
      return { index, address, interfaceName: `nic0v${index}`, driver: "ixgbevf", pciDevice };
    };
    expect(device).to.deep.equal({
      ...{ name: FIRST, nodeName: NODE, interfaceName: "nic0", address: "0000:01:00.0" },
      ...{ vendorId, deviceId, driver: "ixgbe", numVfs: 2, declaredVfs: 2, totalVfs: 16, status: "Configured" },
      declaredBy: [{ kind: "else", name: "kubectl-edit" }],
      virtualFunctions: [vf(0, "0000:01:10.0"), vf(1, "0000:01:10.2")],
    });
  });

  it("answers with no declared number where nobody has declared one", async () => {
    const [device] = await ask({ nodeName: NODE, interfaceName: "nic1" });
    expect(device)
      .to.deep.include({ numVfs: 0, declaredBy: [], status: "Unmanaged" })
      .and.not.have.property("declaredVfs");
  });

  it("answers with NICs of one node in the order of their addresses", async () => {
    expect(await names({})).to.deep.equal([FIRST, SECOND]);
  });

  it("answers with NICs of one address, of whichever node", async () => {
    expect(await names({ addresses: ["0000:02:00.0"] })).to.deep.equal([SECOND]);
    expect((await ask({ addresses: ["0000:02:00.0"] })).map(({ name }) => name)).to.include(SECOND);
  });

  it("answers with NICs that somebody manages, or with others alone", async () => {
    expect(await names({ managed: true })).to.deep.equal([FIRST]);
    expect(await names({ managed: false })).to.deep.equal([SECOND]);
  });

  it("answers with NICs of one vendor, device and driver", async () => {
    const [device] = await ask({ nodeName: NODE });
    const { vendorId, deviceId, driver } = device ?? expect.fail();
    expect(await names({ vendorId: vendorId.toUpperCase(), deviceId: deviceId.toUpperCase(), driver })).to.have.length(
      2,
    );
    for (const other of [{ vendorId: "ffff" }, { deviceId: "ffff" }, { driver: "mlx5_core" }])
      expect(await names(other), JSON.stringify(other)).to.deep.equal([]);
  });

  it("fails where NICs may not be listed, in the API server's words", async () => {
    const kubeconfig = await personKubeconfig(lab, "blind-to-nics", ["get"]);
    expect((await refusal(ask({}, kubeconfig), Error)).message).to.contain("sriovnetworkdevices");
  });

  describe("in a program", () => {
    let lines: readonly unknown[];
    before(async () => {
      lines = await askProgram(lab, "getSriovNetworkDevices", { nodeName: NODE, addresses: ["0000:01:00.0"] });
    });

    it("answers by the stack's configuration, and lets the program end", () => {
      expect((lines[0] as readonly ListedDevice[]).map(({ name }) => name)).to.deep.equal([FIRST]);
    });

    it("answers the same as an output, of arguments that are outputs", () => {
      expect(lines.slice(1)).to.deep.include(lines[0]);
    });

    it("answers with no secret though a kubeconfig is one", () => {
      expect(lines.slice(1)).to.deep.include({ isSecret: false });
    });
  });
});
