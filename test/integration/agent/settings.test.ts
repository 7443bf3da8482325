import { expect } from "chai";
import { Annotation } from "../../../api/names.js";
import { SRIOV_NETWORK_DEVICE, type SriovNetworkDevice, type VfGroup } from "../../../api/sriov-network-device.js";
import type { Lab } from "../../../lab/lab.js";
import type { SimulatedNode } from "../../../lab/nodes/simulated-node.js";
import { sharedLab } from "../../shared-lab.js";
import { vfGroup } from "../../unit/agent/nic.js";
import { NEVER_UNASKED, rescan } from "./agent-process.js";
import { addressOf, countsWritten, nics } from "./hardware.js";
import { Observer } from "./observer.js";

const vfio = (range: string): VfGroup => vfGroup(range, { deviceType: "vfio-pci", policyName: "machines" });
const netdevice = (range: string, mtu = 4000): VfGroup => vfGroup(range, { mtu, policyName: "pods" });

describe("an agent whose NICs are selected by policies", () => {
  let lab: Lab;
  let node: SimulatedNode;
  let observer: Observer;
  const nameOf = (index: number): string => `n-set-nic${index}`;

  before(async () => {
    lab = await sharedLab();
    observer = await Observer.start(lab.client);
    const [first, ...others] = nics(6);
    if (first === undefined) throw new Error("no NIC");
    const interfaces = [{ name: "nic0", alternativeNames: ["enp1s0f0", "ens1f0"] }];
    const spec = { nics: [{ ...first, interfaces }, ...others] };
    node = await lab.addSimulatedNode("n-set", { spec, agentArgs: NEVER_UNASKED });
    for (let index = 0; index < 6; index++) await observer.ready(nameOf(index), "Unmanaged");
  });
  after(() => observer.stop());

  /** As the controller does; what is not given any more is released. */
  async function ask(index: number, spec: Partial<SriovNetworkDevice["spec"]>): Promise<void> {
    const name = nameOf(index);
    const object = { metadata: { name, uid: observer.devices.get(name)?.metadata.uid }, spec };
    observer.devices.observe(await lab.client.apply(SRIOV_NETWORK_DEVICE, object, { fieldManager: "policies" }));
  }

  async function annotate(index: number, message: string | null): Promise<void> {
    const metadata = { annotations: { [Annotation.policyConflict]: message } };
    const options = { fieldManager: "policies" };
    observer.devices.observe(await lab.client.merge(SRIOV_NETWORK_DEVICE, nameOf(index), { metadata }, options));
  }

  const driversOf = (device: SriovNetworkDevice) => device.status?.virtualFunctions?.map(({ driver }) => driver);
  const mtusOf = ({ status }: SriovNetworkDevice) => [
    status?.mtu,
    ...(status?.virtualFunctions ?? []).map((vf) => vf.mtu),
  ];
  const messageOf = ({ status }: SriovNetworkDevice) =>
    status?.conditions?.find(({ type }) => type === "Ready")?.message;

  describe("with VFs in groups", () => {
    it("tells the other names and the link's type by which policies select a NIC", async () => {
      const { status } = await observer.ready(nameOf(0), "Unmanaged");
      expect(status).to.deep.include({
        linkType: "eth",
        alternativeNames: ["enp1s0f0", "ens1f0"],
        countManaged: false,
      });
    });

    it("gives each VF the driver and the MTU of its group", async () => {
      await ask(0, { numVFS: 4, mtu: 9000, vfGroups: [vfio("0-1"), netdevice("2-2")] });
      const device = await observer.configured(nameOf(0), 4);
      expect(driversOf(device)).to.deep.equal(["vfio-pci", "vfio-pci", "ixgbevf", "ixgbevf"]);
      expect(mtusOf(device)).to.deep.equal([9000, undefined, undefined, 4000, 1500]);
    });

    it("puts on record that the count is somebody's", () => {
      expect(observer.devices.get(nameOf(0))?.status?.countManaged).to.equal(true);
    });

    it("lists their drivers on the PCIDevices", async () => {
      await observer.pciDevice("n-set-000001100", ({ status }) => status?.kernelDriverInUse === "vfio-pci");
    });

    it("rebinds them when the groups are edited, and removes none", async () => {
      await ask(0, { numVFS: 4, mtu: 9000, vfGroups: [netdevice("0-0"), vfio("1-2")] });
      const device = await observer.configured(nameOf(0), 4);
      expect(driversOf(device)).to.deep.equal(["ixgbevf", "vfio-pci", "vfio-pci", "ixgbevf"]);
      expect(mtusOf(device)).to.deep.equal([9000, 4000, undefined, undefined, 1500]);
      expect(await countsWritten(node.hardware, addressOf(0))).to.deep.equal([4]);
    });

    it("puts back what somebody changed by hand, and writes nothing of NICs that are as asked", async () => {
      await ask(5, { numVFS: 2, vfGroups: [netdevice("0-1")] });
      await observer.configured(nameOf(5), 2);
      const before = observer.devices.get(nameOf(5))?.metadata.resourceVersion;
      await node.hardware.setMtuByHand(addressOf(0), 1500);
      await node.hardware.bindDriverByHand("0000:01:10.0", "vfio-pci");
      await node.hardware.rename(addressOf(0), "seen");
      rescan(lab.run, node);
      const device = await observer.device(nameOf(0), ({ status }) => status?.interfaceName === "seen");
      expect([driversOf(device)?.[0], ...mtusOf(device).slice(0, 2)]).to.deep.equal(["ixgbevf", 9000, 4000]);
      expect(observer.devices.get(nameOf(5))?.metadata.resourceVersion).to.equal(before);
    });

    it("leaves drivers and MTUs as they are, and removes the VFs, once the policy is gone", async () => {
      await ask(0, {});
      await observer.configured(nameOf(0), 0);
      expect(mtusOf(observer.devices.get(nameOf(0)) ?? expect.fail("no device"))).to.deep.equal([9000]);
    });
  });

  it("leaves the VFs of a NIC whose count nobody declares, whatever policies ask beside it", async () => {
    await node.hardware.setNumVfsByHand(addressOf(1), 3);
    await ask(1, { mtu: 9000, vfGroups: [vfio("0-0")] });
    await observer.ready(nameOf(1), "Unmanaged");
    await ask(1, { mtu: 99_999, vfGroups: [netdevice("0-2")] });
    await observer.ready(nameOf(1), "KernelRefused");
    await node.stopAgent("SIGKILL");
    await ask(1, {});
    await node.startAgent();
    const device = await observer.ready(nameOf(1), "Unmanaged");
    expect(driversOf(device)).to.deep.equal(["ixgbevf", "ixgbevf", "ixgbevf"]);
    expect(await countsWritten(node.hardware, addressOf(1))).to.deep.equal([3]);
  });

  it("leaves VFs in use, says whose they are, and rebinds them once they are free", async () => {
    await ask(2, { numVFS: 2 });
    await observer.configured(nameOf(2), 2);
    await node.hardware.setUppers("nic2v1", ["br0"]);
    await ask(2, { numVFS: 2, vfGroups: [vfio("0-1")] });
    const device = await observer.ready(nameOf(2), "GroupsInUse");
    expect(driversOf(device)).to.deep.equal(["vfio-pci", "ixgbevf"]);
    expect(messageOf(device)).to.equal(
      "VFs keep a driver that is not that of their group, since they are in use: 0000:03:10.2 (nic2v1) by interface " +
        "nic2v1 in br0. They get it once nobody uses them: release them, or set the deviceType of policy machines back.",
    );
    await node.hardware.setUppers("nic2v1", []);
    rescan(lab.run, node);
    expect(driversOf(await observer.configured(nameOf(2), 2))).to.deep.equal(["vfio-pci", "vfio-pci"]);
  });

  it("makes the VFs although the MTU is refused, and says what the kernel answered and what to do", async () => {
    await ask(3, { numVFS: 2, mtu: 99_999 });
    const device = await observer.ready(nameOf(3), "KernelRefused");
    expect(device.status?.vfAddresses).to.have.length(2);
    expect(messageOf(device)).to.match(
      /^nic3 \(0000:04:00\.0\) keeps the MTU 1500, not 99999: write 99999 .*invalid argument \(EINVAL\)\. Ask for an MTU/,
    );
    await ask(3, { numVFS: 2, mtu: 9000 });
    await observer.configured(nameOf(3), 2);
  });

  it("has MTU and drivers again after a restart of the node", async () => {
    await ask(4, { numVFS: 2, mtu: 9000, vfGroups: [vfio("0-0"), netdevice("1-1")] });
    await observer.configured(nameOf(4), 2);
    await node.stopAgent("SIGKILL");
    await node.hardware.reboot();
    await node.hardware.rename(addressOf(4), "rebooted");
    await node.startAgent();
    const device = await observer.device(nameOf(4), ({ status }) => status?.interfaceName === "rebooted");
    expect(driversOf(device)).to.deep.equal(["vfio-pci", "ixgbevf"]);
    expect(mtusOf(device)).to.deep.equal([9000, undefined, 4000]);
  });

  it("reports the controller's word of a conflict as a condition, until it is taken back", async () => {
    const conflict = ({ status }: SriovNetworkDevice) =>
      status?.conditions?.find(({ type }) => type === "PolicyConflict");
    await annotate(5, "policy a wants 4 VFs; the count is owned by kubectl");
    const device = await observer.device(nameOf(5), (it) => conflict(it) !== undefined);
    expect(conflict(device)).to.include({
      status: "True",
      reason: "Conflict",
      message: "policy a wants 4 VFs; the count is owned by kubectl",
    });
    await annotate(5, null);
    await observer.device(nameOf(5), (it) => conflict(it) === undefined);
  });
});
