import { expect } from "chai";
import { VFIO_DRIVER } from "../../../api/pci-device-claim.js";
import { PCI_DEVICE } from "../../../api/pci-device.js";
import type { HardwareSpec } from "../../../lab/nodes/simulated/hardware.js";
import { sharedLab } from "../../shared-lab.js";
import { freshNic, hardware, type Nic, nicOf } from "../nics.js";
import { errorsOf, openStack, type TestStack, warningsOn } from "../stack.js";
import { claimOf, passthrough, vfOf } from "./claimable.js";

/** What stands in the way of a claim is told with the object, the cause and the next step, and nothing is left behind. */
describe("a claim that cannot be carried out", () => {
  /** The NIC of a node of its own, with VFs already. */
  async function nicOn(nodeName: string, change: (spec: HardwareSpec) => HardwareSpec): Promise<[Nic, TestStack]> {
    const lab = await sharedLab();
    const node = await lab.addSimulatedNode(nodeName, { spec: change(hardware(1)) });
    const nic = nicOf(lab, node, 0);
    const stack = await openStack({ program: passthrough(nic, { vf: "none" }) });
    await stack.up();
    return [nic, stack];
  }

  describe("on a node without an IOMMU", () => {
    let nic: Nic;
    let stack: TestStack;
    before(async () => {
      [nic, stack] = await nicOn("no-iommu", ({ nics }) => ({ nics: nics.map((it) => ({ ...it, iommu: false })) }));
    });

    it("is refused in preview, which says what to switch on", async () => {
      const [error = ""] = errorsOf(await stack.previewFails(passthrough(nic)));
      expect(error).to.include(vfOf(nic).address).and.to.include("no IOMMU group").and.to.include("intel_iommu=on");
    });

    it("is refused where the VF is made by the same up, and no claim is left behind", async () => {
      const fresh = await openStack({});
      await stack.destroy();
      const [error = ""] = errorsOf(await fresh.upFails(passthrough(nic)));
      expect(error).to.include(vfOf(nic).address).and.to.include("no IOMMU group").and.to.include("intel_iommu=on");
      expect(await vfOf(nic).claim()).to.equal(undefined);
      await fresh.destroy();
    });
  });

  describe("on a node whose kernel has no vfio-pci", () => {
    let nic: Nic;
    let stack: TestStack;
    before(async () => {
      [nic, stack] = await nicOn("no-vfio", ({ nics }) => ({ nics, drivers: [], loadableDrivers: [] }));
    });

    it("fails with the module's name, and what to do", async () => {
      const [error = ""] = errorsOf(await stack.upFails(passthrough(nic)));
      expect(error)
        .to.include(vfOf(nic).name)
        .and.to.include(VFIO_DRIVER)
        .and.to.match(/modprobe|module/);
      expect(error).to.include("The claim was deleted again.");
    });

    it("leaves the VF its driver, and no claim behind", async () => {
      expect(await vfOf(nic).driver()).to.equal("ixgbevf");
      expect(await vfOf(nic).claim()).to.equal(undefined);
    });

    it("is carried out once the module can be loaded", async () => {
      await nic.node.hardware.setDriverLoadable(VFIO_DRIVER, true);
      await stack.up(passthrough(nic));
      expect(await vfOf(nic).driver()).to.equal(VFIO_DRIVER);
      await stack.destroy();
    });
  });

  describe("of a device that is not there", () => {
    let nic: Nic;
    let stack: TestStack;
    before(async () => {
      nic = await freshNic();
      stack = await openStack({ program: passthrough(nic, { vf: "none" }) });
      await stack.up();
    });
    after(() => stack.destroy());

    it("is refused in preview where the cluster has no such node, and those that have reported are listed", async () => {
      const claims = await openStack({ program: claimOf({ nodeName: "nowhere", address: vfOf(nic).address }) });
      const [error = ""] = errorsOf(await claims.previewFails());
      expect(error).to.include('no node "nowhere" in the cluster').and.to.include(nic.nodeName);
    });

    it("is warned of in preview where the node has no such VF, which up may make first", async () => {
      const { nodeName } = nic;
      const claims = await openStack({ program: claimOf({ nodeName, address: vfOf(nic, 6).address }) });
      const [warning = ""] = warningsOn(await claims.preview(), "vf");
      expect(warning).to.include(vfOf(nic, 6).address).and.to.include("dependsOn");
    });

    it("is refused where the node has no such VF, and leaves neither claim nor state", async () => {
      const claims = await openStack({ program: claimOf({ pciDevice: vfOf(nic, 6).name }) });
      const [error = ""] = errorsOf(await claims.upFails());
      expect(error).to.include(vfOf(nic, 6).name).and.to.include("The claim was deleted again.");
      expect(await claims.resources()).to.deep.equal([]);
      expect(await vfOf(nic, 6).claim()).to.equal(undefined);
    });

    it("is refused in preview without a device", async () => {
      const claims = await openStack({ program: claimOf({}) });
      const [error = ""] = errorsOf(await claims.previewFails());
      expect(error).to.include("pciDevice").and.to.include("address");
    });

    it("is refused in preview with a malformed address, and told what one looks like", async () => {
      const claims = await openStack({ program: claimOf({ nodeName: nic.nodeName, address: "4:10.0" }) });
      const [error = ""] = errorsOf(await claims.previewFails());
      expect(error).to.include("property address").and.to.include('"4:10.0"').and.to.include("lower case, with domain");
    });
  });

  describe("under a name that no kubelet takes", () => {
    let nic: Nic;
    let stack: TestStack;
    before(async () => {
      nic = await freshNic();
      stack = await openStack({ program: passthrough(nic, { vf: "none" }) });
      await stack.up();
    });
    after(() => stack.destroy());

    const names: readonly (readonly [string, string, string])[] = [
      ["without a prefix", "nic", 'a prefix, "/" and a name'],
      ["of Kubernetes' own", "kubernetes.io/nic", "outside kubernetes.io"],
      ["with bad characters", "example.com/NIC (new)", "letters, digits"],
      ["that is too long", `example.com/${"x".repeat(64)}`, 'at most 63 characters behind the "/", not 64'],
      ["whose prefix is too long", `${"x".repeat(250)}.com/nic`, 'at most 244 characters before the "/", not 254'],
    ];
    for (const [title, resourceName, reason] of names) {
      it(`is refused in preview: one ${title}`, async () => {
        const [error = ""] = errorsOf(await stack.previewFails(passthrough(nic, { claim: { resourceName } })));
        expect(error).to.include("property resourceName").and.to.include(reason);
      });
    }

    it("is offered under one that it does take", async () => {
      const { outputs } = await stack.up(passthrough(nic, { claim: { resourceName: "example.com/nic" } }));
      expect(outputs["resourceName"]).to.equal("example.com/nic");
    });
  });

  describe("of a physical function that has VFs", () => {
    it("is refused in preview, and says what to do first", async () => {
      const lab = await sharedLab();
      const node = await lab.addSimulatedNode("all-listed", {
        spec: hardware(1),
        agentArgs: ["--pci-devices", "all"],
      });
      const nic = nicOf(lab, node, 0);
      const stack = await openStack({ program: passthrough(nic, { vf: "none" }) });
      await stack.up();
      const { items } = await lab.client.list(PCI_DEVICE);
      expect(items.map(({ metadata }) => metadata.name)).to.include("all-listed-000004000");
      const claims = await openStack({ program: claimOf({ pciDevice: "all-listed-000004000" }) });
      const [error = ""] = errorsOf(await claims.previewFails());
      expect(error).to.include("it has 2 virtual functions, which would go");
      await stack.destroy();
    });
  });
});
