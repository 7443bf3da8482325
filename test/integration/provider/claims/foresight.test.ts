import { expect } from "chai";
import { AGENT_FIELD_MANAGER, Annotation } from "../../../../api/names.js";
import { NODE } from "../../../../api/core.js";
import type { PciDevice } from "../../../../api/pci-device.js";
import { PCI_DEVICE_CLAIM, type PciDeviceClaim } from "../../../../api/pci-device-claim.js";
import { SRIOV_NETWORK_DEVICE, type SriovNetworkDeviceStatus } from "../../../../api/sriov-network-device.js";
import { leftOutNicsAnnotation } from "../../../../api/left-out-nic.js";
import type { Lab } from "../../../../lab/lab.js";
import { readImpacts } from "../../../../plan/impact/impact.js";
import type { ClaimOutputs, Created, InputFailure, PartialClaimInputs } from "../../../../provider/index.js";
import { sharedLab } from "../../../shared-lab.js";
import { ClaimDriver } from "./driver.js";
import { ScriptedAgent } from "./scripted-agent.js";

describe("a PciDeviceClaim resource in a preview", () => {
  let lab: Lab;
  let agent: ScriptedAgent;
  let driver: ClaimDriver;

  before(async () => {
    lab = await sharedLab();
    agent = await ScriptedAgent.start(lab, "claims-foresight");
  });
  after(() => agent.stop());
  // A run of its own each, which sees the cluster as it is when it begins.
  beforeEach(() => {
    driver = ClaimDriver.open(lab.controlPlane.kubeconfig);
  });
  afterEach(() => driver.close());

  const inputsOf = ({ metadata }: PciDevice, more: PartialClaimInputs = {}): PartialClaimInputs =>
    driver.inputs("vf", { pciDevice: metadata.name, ...more });
  async function failuresOf(device: PciDevice, more: PartialClaimInputs = {}): Promise<readonly InputFailure[]> {
    return (await driver.check(inputsOf(device, more))).failures;
  }
  /** The reason of the only failure, which is about the device. */
  async function refused(device: PciDevice, more: PartialClaimInputs = {}): Promise<string> {
    const failures = await failuresOf(device, more);
    expect(failures.map(({ property }) => property)).to.deep.equal(["pciDevice"]);
    return failures[0]?.reason ?? "";
  }
  /** Reports a NIC of the node. */
  async function nic(address: string, status: Partial<SriovNetworkDeviceStatus>): Promise<void> {
    const client = await lab.clientOfNode(agent.nodeName);
    const name = `${agent.nodeName}-${address.replace(/[:.]/g, "")}-nic`;
    const options = { fieldManager: AGENT_FIELD_MANAGER, force: true };
    await client.apply(
      SRIOV_NETWORK_DEVICE,
      { metadata: { name }, spec: { address, nodeName: agent.nodeName } },
      options,
    );
    await client.merge(SRIOV_NETWORK_DEVICE, name, { status }, { ...options, subresource: "status" });
  }
  const vfOf = (device: PciDevice, usedBy: string): Partial<SriovNetworkDeviceStatus> => ({
    virtualFunctions: [{ index: 0, address: device.status?.address ?? "", pciDevice: device.metadata.name, usedBy }],
  });

  describe("shows", () => {
    it("all that is known of the device, and the driver that it is taken from", async () => {
      const device = await agent.device();
      const { inputs, failures } = await driver.check(inputsOf(device));
      expect(failures).to.deep.equal([]);
      expect(inputs).to.include({
        claimName: device.metadata.name,
        nodeName: agent.nodeName,
        address: device.status?.address,
        userName: "pulumi",
        kernelDriverToUnbind: "igbvf",
        resourceName: "intel.com/82576_VIRTUAL_FUNCTION",
      });
      expect(driver.told.informed).to.deep.equal([
        `impact on PCIDeviceClaim ${device.metadata.name} of node ${agent.nodeName}: the device is taken from its driver igbvf ` +
          `(${device.status?.address ?? ""}, Ethernet controller: Intel 82576 VF); no VF destroyed or created. Nothing that ` +
          `is in use goes.`,
      ]);
      expect(driver.warnings).to.deep.equal([]);
    });

    it("that the device has no driver", async () => {
      await driver.check(inputsOf(await agent.device({ kernelDriverInUse: "" })));
      expect(driver.told.informed.join()).to.contain("the device has no driver");
    });

    it("the name that the program gives the device", async () => {
      const { inputs } = await driver.check(inputsOf(await agent.device(), { resourceName: "example.com/fast" }));
      expect(inputs).to.include({ resourceName: "example.com/fast", givenResourceName: "example.com/fast" });
    });

    it("the name of a device that shares no pool", async () => {
      const device = await agent.device();
      const { inputs } = await driver.check(inputsOf(device, { disableResourcePooling: true }));
      expect(inputs.resourceName).to.equal(`intel.com/${device.metadata.name}`);
    });

    it("what does not turn on the device while that is not known", async () => {
      const news = driver.inputs("vf", { resourceName: "example.com/fast" });
      const { inputs, failures } = await driver.check(news, {}, new Set(["pciDevice"]));
      expect(failures).to.deep.equal([]);
      expect(inputs).to.deep.equal({ ...news, userName: "pulumi", givenResourceName: "example.com/fast" });
    });

    it("of a claim that is there what it was taken from, and nothing of it again", async () => {
      const created = await driver.create(inputsOf(await agent.device()));
      driver.told.informed.length = 0;
      const { pciDevice, resourceUrn } = created.outputs;
      const { inputs, failures } = await driver.check({ pciDevice, resourceUrn }, created.outputs);
      expect(failures).to.deep.equal([]);
      expect(inputs.kernelDriverToUnbind).to.equal("igbvf");
      expect(driver.told.informed).to.deep.equal([]);
    });

    it("of a claim that is there the name that it goes back to without one of its own", async () => {
      const device = await agent.device();
      const named = inputsOf(device, { resourceName: "example.com/fast" });
      const { outputs } = await driver.create(named);
      const { inputs } = await driver.check(inputsOf(device), outputs);
      expect(inputs).to.include({ resourceName: "intel.com/82576_VIRTUAL_FUNCTION", kernelDriverToUnbind: "igbvf" });
    });
  });

  describe("of a device whose claim it joins", () => {
    const joined = async (more: PartialClaimInputs = {}): Promise<PciDevice> => {
      const device = await agent.device();
      await driver.create(driver.inputs("before", { pciDevice: device.metadata.name, ...more }, "renaming"));
      await driver.close();
      driver = ClaimDriver.open(lab.controlPlane.kubeconfig);
      return device;
    };

    it("shows what the claim has taken it from, and not the driver that it has by that", async () => {
      const { metadata } = await joined();
      const after = driver.inputs("after", { pciDevice: metadata.name }, "renaming");
      expect((await driver.checked(after)).kernelDriverToUnbind).to.equal("igbvf");
      expect(driver.told.informed).to.deep.equal([]);
    });

    it("is not refused though a virtual machine has it, which keeps it", async () => {
      const device = await joined();
      await nic("0000:0d:00.0", vfOf(device, `claim ${device.metadata.name} (pulumi), virtual machine web/vm1`));
      const after = driver.inputs("after", { pciDevice: device.metadata.name }, "renaming");
      expect((await driver.check(after)).failures).to.deep.equal([]);
    });

    it("says whose claim it may be where it is one of its own URN, and otherwise", async () => {
      const { metadata } = await joined({ userName: "alice" });
      const { name } = metadata;
      const { failures } = await driver.check(driver.inputs("before", { pciDevice: name }, "renaming"));
      expect(failures.map(({ reason }) => reason)).to.deep.equal([
        `${name} is claimed already by a resource with the URN of this one, and otherwise than asked for, for user "alice": ` +
          `an interrupted up has left the claim, or a stack of the same name elsewhere has it. Set forceConflicts: true to ` +
          `take it over, or have it removed (kubectl delete pcideviceclaim ${name}).`,
      ]);
    });
  });

  describe("is refused", () => {
    it("where the device's claim is being given up, which nobody can take over", async () => {
      const device = await agent.device();
      const { name } = device.metadata;
      await driver.create(inputsOf(device));
      agent.held.add(name);
      await lab.client.delete(PCI_DEVICE_CLAIM, name);
      await driver.close();
      driver = ClaimDriver.open(lab.controlPlane.kubeconfig);
      expect(await refused(device, { forceConflicts: true })).to.contain("is being given up. Run up again");
      await agent.letGo(name);
    });

    it("where somebody uses the device, who is named", async () => {
      const device = await agent.device();
      await nic("0000:0e:00.0", vfOf(device, "virtual machine web/vm1, pod web/router-0"));
      const address = device.status?.address ?? "";
      const reason = await refused(device);
      expect(reason).to.contain(
        `${address} is not taken from igbvf: it is in use by virtual machine web/vm1, pod web/router-0. Release it there, or ` +
          `claim another device.`,
      );
      expect(readImpacts(reason).map(({ object, outcome, inUse }) => [object, outcome, inUse])).to.deep.equal([
        [
          device.metadata.name,
          "refused",
          [
            { address, usedBy: "virtual machine web/vm1" },
            { address, usedBy: "pod web/router-0" },
          ],
        ],
      ]);
    });

    it("for a bridge", async () => {
      expect(await refused(await agent.device({ classId: "0604" }))).to.contain("it is a bridge (class 0604)");
    });

    it("for a NIC that has VFs", async () => {
      const device = await agent.device();
      await nic(device.status?.address ?? "", vfOf(await agent.device(), ""));
      expect(await refused(device)).to.contain("it has 1 virtual function, which would go");
    });

    it("for a NIC that the node needs, as its agent says of NICs that it leaves out", async () => {
      const device = await agent.device();
      const address = device.status?.address ?? "";
      const reason = "eth0 carries the node's default route";
      const annotations = {
        [Annotation.leftOutNics]: leftOutNicsAnnotation([{ address, interfaceName: "eth0", reason }]),
      };
      await lab.client.merge(NODE, agent.nodeName, { metadata: { annotations } }, { fieldManager: "test" });
      expect(await refused(device)).to.contain(`${reason}. Free it from that, or claim another device.`);
    });

    it("for a NIC that has become the node's own", async () => {
      const device = await agent.device();
      const lastTransitionTime = new Date().toISOString();
      const eligible = {
        type: "Eligible",
        status: "False",
        reason: "Management",
        message: "br0 stands on it",
      } as const;
      await nic(device.status?.address ?? "", { conditions: [{ ...eligible, lastTransitionTime }] });
      expect(await refused(device)).to.contain("br0 stands on it. Free it from that");
    });

    it("without an IOMMU group, and told what to switch on", async () => {
      expect(await refused(await agent.device({ iommuGroup: "" })))
        .to.contain("no IOMMU group")
        .and.to.contain("intel_iommu=on");
    });

    it("where somebody else has claimed the device, who is named", async () => {
      const device = await agent.device();
      const { nodeName, address } = device.status ?? expect.fail();
      const claim: PciDeviceClaim = {
        metadata: { name: device.metadata.name },
        spec: { nodeName, address, userName: "alice" },
      };
      await lab.client.create(PCI_DEVICE_CLAIM, claim, { fieldManager: "kubectl-create" });
      const news = inputsOf(device);
      const { failures } = await driver.check(news);
      expect(failures[0]?.reason).to.contain(`is claimed already, by user "alice" (field manager "kubectl-create")`);
      expect((await driver.check({ ...news, forceConflicts: true })).failures).to.deep.equal([]);
    });

    it("where another resource of the program claims the device, though it wants the very same", async () => {
      const device = await agent.device();
      await driver.checked(driver.inputs("one", { pciDevice: device.metadata.name }, "twins"));
      const second = driver.inputs("two", { pciDevice: device.metadata.name }, "twins");
      const { failures } = await driver.check(second);
      expect(failures).to.deep.equal([
        {
          property: "pciDevice",
          reason: `${device.metadata.name} is claimed by the resource "one" of this program too, and a device is for one claim`,
        },
      ]);
    });

    it("where the cluster has no such node, and those that have reported are listed", async () => {
      const news = driver.inputs("vf", { nodeName: "nowhere", address: "0000:04:10.0" });
      const { failures } = await driver.check(news);
      expect(failures.map(({ property }) => property)).to.deep.equal(["nodeName"]);
      expect(failures[0]?.reason).to.contain(
        'no node "nowhere" in the cluster; nodes on which the agent has reported:',
      );
      expect(failures[0]?.reason).to.contain(agent.nodeName);
    });

    it("where the device's name is one of no such node", async () => {
      const { failures } = await driver.check(driver.inputs("vf", { pciDevice: "nowhere-000004100" }));
      expect(failures.map(({ property }) => property)).to.deep.equal(["pciDevice"]);
      expect(failures[0]?.reason).to.contain('no node "nowhere" in the cluster');
    });
  });

  describe("of one that the program replaces by another", () => {
    const replaced = async (usedBy: string): Promise<Created<ClaimOutputs>> => {
      const device = await agent.device();
      const created = await driver.create(inputsOf(device));
      const client = await lab.clientOfNode(agent.nodeName);
      const options = { fieldManager: AGENT_FIELD_MANAGER, force: true, subresource: "status" } as const;
      if (usedBy !== "") await client.merge(PCI_DEVICE_CLAIM, device.metadata.name, { status: { usedBy } }, options);
      await driver.close();
      driver = ClaimDriver.open(lab.controlPlane.kubeconfig);
      return created;
    };
    const another = async ({ resourceUrn }: ClaimOutputs): Promise<PartialClaimInputs> => ({
      pciDevice: (await agent.device()).metadata.name,
      resourceUrn,
    });

    it("is a failure where a virtual machine has the old device", async () => {
      const { outputs } = await replaced("virtual machine web/vm1");
      const { failures } = await driver.check(await another(outputs), outputs);
      expect(failures.map(({ property }) => property)).to.deep.equal(["pciDevice"]);
      const [impact] = readImpacts(failures[0]?.reason ?? "");
      expect(impact).to.deep.include({
        ...{ object: outputs.claimName, outcome: "refused" },
        inUse: [{ address: outputs.address, usedBy: "virtual machine web/vm1" }],
      });
    });

    it("is what the old device goes back to where nobody has it", async () => {
      const { outputs } = await replaced("");
      await driver.checked(await another(outputs), outputs);
      const [impact] = readImpacts(driver.told.informed.join("\n"));
      expect(impact?.change).to.equal(`given back to its driver igbvf (${outputs.address})`);
    });

    it("is the same of a delete", async () => {
      const used = await replaced("virtual machine web/vm1");
      expect((await driver.foreseeDelete(used)).map(({ outcome }) => outcome)).to.deep.equal(["refused"]);
      const free = await replaced("");
      expect((await driver.foreseeDelete(free)).map(({ outcome }) => outcome)).to.deep.equal(["none"]);
      await driver.delete(free);
      expect(await driver.foreseeDelete(free)).to.deep.equal([]);
    });
  });

  describe("is warned", () => {
    it("of a device that is not listed yet", async () => {
      const news = driver.inputs("vf", { pciDevice: `${agent.nodeName}-0000ff100` });
      expect((await driver.check(news)).failures).to.deep.equal([]);
      expect(driver.warnings.join()).to.contain(`${agent.nodeName} has not listed a PCI device at 0000:ff:10.0`);
    });

    it("of a node whose agent has not reported yet", async () => {
      await lab.client.create(NODE, { metadata: { name: "claims-mute" } }, { fieldManager: "test" });
      const news = driver.inputs("vf", { nodeName: "claims-mute", address: "0000:04:10.0" });
      expect((await driver.check(news)).failures).to.deep.equal([]);
      expect(driver.warnings[0]).to.contain('the agent on node "claims-mute" has not reported yet. up waits for it.');
    });

    it("of others in the device's IOMMU group that the node uses, since the program may claim them as well", async () => {
      const device = await agent.device({ iommuGroup: "shared" });
      const other = await agent.device({ iommuGroup: "shared", kernelDriverInUse: "snd_hda_intel" });
      expect(await failuresOf(device)).to.deep.equal([]);
      expect(driver.warnings.join()).to.contain(`${other.status?.address ?? ""} (snd_hda_intel)`);
    });

    it("of nothing where the others of its IOMMU group are claimed", async () => {
      const device = await agent.device({ iommuGroup: "claimed" });
      const { metadata, status } = await agent.device({ iommuGroup: "claimed", kernelDriverInUse: "snd_hda_intel" });
      const { nodeName, address } = status ?? expect.fail();
      const claim: PciDeviceClaim = {
        metadata: { name: metadata.name },
        spec: { nodeName, address, userName: "alice" },
      };
      await lab.client.create(PCI_DEVICE_CLAIM, claim, { fieldManager: "kubectl-create" });
      expect(await failuresOf(device)).to.deep.equal([]);
      expect(driver.warnings).to.deep.equal([]);
    });
  });
});
