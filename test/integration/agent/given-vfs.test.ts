import { expect } from "chai";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { NODE } from "../../../api/core.js";
import { leftOutNics } from "../../../api/left-out-nic.js";
import { Label, pciDeviceName } from "../../../api/names.js";
import { PCI_DEVICE_CLAIM, type PciDeviceClaim } from "../../../api/pci-device-claim.js";
import type { PciDevice } from "../../../api/pci-device.js";
import { Informer } from "../../../kube/informer.js";
import { KubeletStandIn } from "../../../lab/kubelet-stand-in/kubelet.js";
import type { Lab } from "../../../lab/lab.js";
import type { FunctionSpec } from "../../../lab/nodes/simulated/hardware.js";
import type { SimulatedNode } from "../../../lab/nodes/simulated-node.js";
import { sharedLab } from "../../shared-lab.js";
import { NEVER_UNASKED, rescan } from "./agent-process.js";
import { Observer, until } from "./observer.js";
import { WITH_PCI_IDS } from "./pci-ids.js";

const POOL = "openshift.io/82599_ETHERNET_CONTROLLER_VIRTUAL_FUNCTION";

/** A VF as it looks in a virtual machine that it was handed through to: on a bus of its own, and without PF. */
function vf(bus: number, more: Partial<FunctionSpec> = {}): FunctionSpec {
  const name = `enp${bus}s0`;
  const ids = { classId: "020000", deviceId: "10ed", driver: "ixgbevf" };
  return { address: `0000:0${bus}:00.0`, ...ids, interfaces: [{ name }], iommu: false, ...more };
}

/** The management NIC of the virtual machine is a VF like the others. */
const MANAGEMENT = vf(1);
const FREE = [vf(2), vf(3)];
const WITH_ADDRESS = vf(4);
/** What nothing tells to be a VF: a NIC that was handed through as a whole, or one of a hypervisor. */
const WHOLE_NIC = vf(5, { deviceId: "1572", driver: "i40e" });
/** With nested IOMMU it may be handed on. */
const WITH_IOMMU = vf(6, { iommu: true });

describe("an agent in a virtual machine that was given VFs", () => {
  let lab: Lab;
  let node: SimulatedNode;
  let observer: Observer;
  let kubelet: KubeletStandIn;
  let directory: string;
  const nameOf = ({ address }: FunctionSpec): string => pciDeviceName("n-guest", address);

  before(async () => {
    lab = await sharedLab();
    observer = await Observer.start(lab.client);
    directory = mkdtempSync(join(tmpdir(), "given-"));
    kubelet = new KubeletStandIn(directory);
    await kubelet.start();
    const folders = ["--device-plugins", kubelet.devicePlugins, "--device-info", join(directory, "devinfo")];
    const flags = [...NEVER_UNASKED, ...WITH_PCI_IDS, ...folders, "--pod-resources", kubelet.podResources];
    const functions = [MANAGEMENT, ...FREE, WITH_ADDRESS, WHOLE_NIC, WITH_IOMMU];
    const spec = { nics: [], functions, defaultRouteInterfaces: ["enp1s0"] };
    node = await lab.addSimulatedNode("n-guest", { spec, agentArgs: flags, agent: false });
    await node.hardware.setAddresses({ enp1s0: ["192.0.2.1"], enp4s0: ["192.0.2.4"] });
    await node.startAgent();
    await lab.awaitReport(node);
  });
  after(async () => {
    await node.stopAgent("SIGTERM");
    kubelet.stop();
    await observer.stop();
    rmSync(directory, { recursive: true });
  });

  const offered = (): string[] =>
    (kubelet.devicesOf(POOL) ?? [])
      .filter(({ health }) => health === "Healthy")
      .map(({ id }) => id)
      .sort();
  const offers = (...vfs: readonly FunctionSpec[]): Promise<void> =>
    kubelet.until(() => offered().join() === vfs.map(({ address }) => address).join());

  it("lists each as a PCIDevice that is a VF and has no NIC", async () => {
    for (const it of [MANAGEMENT, ...FREE, WITH_ADDRESS, WITH_IOMMU]) {
      const { metadata, status } = await observer.pciDevice(nameOf(it), (object) => object.status !== undefined);
      expect(metadata.labels).to.deep.equal({ nodename: "n-guest", [Label.virtualFunction]: "true" });
      expect(status).to.deep.include({
        address: it.address,
        resourceName: "intel.com/82599_ETHERNET_CONTROLLER_VIRTUAL_FUNCTION",
        kernelDriverInUse: "ixgbevf",
      });
    }
  });

  it("lists nothing else", () => {
    expect(observer.pciDevices.get(nameOf(WHOLE_NIC))).to.equal(undefined);
  });

  it("offers pods those that are free, and not that by which the machine is managed, nor one with an address", async () => {
    await offers(...FREE, WITH_IOMMU);
  });

  it("gives a pod the one that it is told to, by the name that the CNI plugin expects", async () => {
    await offers(...FREE, WITH_IOMMU);
    const { envs } = await kubelet.allocate("default/pod", POOL, 1);
    expect(Object.keys(envs)).to.include("PCIDEVICE_OPENSHIFT_IO_82599_ETHERNET_CONTROLLER_VIRTUAL_FUNCTION");
    kubelet.free("default/pod");
  });

  it("says on the Node why the others are no good, and nothing of those that are", async () => {
    const said = await lab.client.get(NODE, "n-guest");
    expect(leftOutNics(said).map(({ address, reason }) => [address, reason.replace(/;.*/, "")])).to.deep.equal([
      [MANAGEMENT.address, "enp1s0 carries the node's default route (enp1s0)"],
      [WITH_ADDRESS.address, "it is used by the node: interface enp4s0 with address 192.0.2.4"],
      [WHOLE_NIC.address, "its driver or firmware offers no virtual functions (sriov_totalvfs is missing or 0)"],
    ]);
  });

  it("keeps one that a pod has: its interface is in the pod", async () => {
    const [first = WITH_IOMMU] = FREE;
    await node.hardware.setInterfaceElsewhere(first.address, true);
    rescan(lab.run, node);
    await node.hardware.plugFunction(vf(7));
    rescan(lab.run, node);
    await offers(...FREE, WITH_IOMMU, vf(7));
    await node.hardware.setInterfaceElsewhere(first.address, false);
  });

  it("takes back one that the machine begins to use", async () => {
    await node.hardware.setUppers("enp7s0", ["bond0"]);
    rescan(lab.run, node);
    await offers(...FREE, WITH_IOMMU);
    expect(kubelet.devicesOf(POOL)?.find(({ id }) => id === vf(7).address)?.health).to.equal("Unhealthy");
  });

  it("forgets one that the hypervisor takes away", async () => {
    await node.hardware.unplug(vf(7).address);
    rescan(lab.run, node);
    await observer.noPciDevice(nameOf(vf(7)));
    await kubelet.until(() => kubelet.devicesOf(POOL)?.every(({ id }) => id !== vf(7).address) ?? false);
  });

  describe("and a claim", () => {
    let claims: Informer<PciDeviceClaim>;
    before(async () => {
      claims = new Informer(lab.client, PCI_DEVICE_CLAIM).start();
      await claims.synced;
    });
    after(() => claims.stop());

    const claim = async (it: FunctionSpec): Promise<void> => {
      const spec = { address: it.address, nodeName: "n-guest", userName: "alice" };
      await lab.client.create(PCI_DEVICE_CLAIM, { metadata: { name: nameOf(it) }, spec }, { fieldManager: "person" });
    };
    const says = async (it: FunctionSpec, reason: string): Promise<string> => {
      const ready = (object: PciDeviceClaim) => object.status?.conditions?.find(({ type }) => type === "Ready");
      const name = nameOf(it);
      const found = await until(
        claims,
        () => claims.get(name),
        (object) => ready(object)?.reason === reason,
        name,
      );
      return ready(found)?.message ?? "";
    };
    const driver = (it: FunctionSpec, name: string): Promise<PciDevice> =>
      observer.pciDevice(nameOf(it), ({ status }) => status?.kernelDriverInUse === name);

    it("of one in an IOMMU group gives it to vfio-pci, and pods no more", async () => {
      await claim(WITH_IOMMU);
      await says(WITH_IOMMU, "Enabled");
      await driver(WITH_IOMMU, "vfio-pci");
      await offers(...FREE);
    });

    it("that ends gives it back to pods", async () => {
      await lab.client.delete(PCI_DEVICE_CLAIM, nameOf(WITH_IOMMU));
      await driver(WITH_IOMMU, "ixgbevf");
      rescan(lab.run, node);
      await offers(...FREE, WITH_IOMMU);
    });

    it("of one without an IOMMU group is refused: machines have a virtual IOMMU only where they were given one", async () => {
      const [first = WITH_IOMMU] = FREE;
      await claim(first);
      expect(await says(first, "NoIommu")).to.match(/IOMMU/);
      await lab.client.delete(PCI_DEVICE_CLAIM, nameOf(first));
    });

    it("of the management NIC is refused, and says why", async () => {
      await claim(MANAGEMENT);
      expect(await says(MANAGEMENT, "NotEligible")).to.match(/default route/);
      await lab.client.delete(PCI_DEVICE_CLAIM, nameOf(MANAGEMENT));
    });
  });
});
