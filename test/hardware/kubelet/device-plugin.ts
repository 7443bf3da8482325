import { expect } from "chai";
import type { Pod } from "../../../api/core.js";
import type { SriovNetworkDevice } from "../../../api/sriov-network-device.js";
import { ApiError } from "../../../kube/errors.js";
import { refusal } from "../../integration/refusal.js";
import { first } from "../agent/guest.js";
import { netdevices, NETDEVICES, VFIO, vfioGroup } from "./groups.js";
import type { PodsOnGuest } from "./pods-on-guest.js";

/** What the kubelet offers of what the agent tells it, and what pods get. */
export function devicePlugin(shared: () => PodsOnGuest): void {
  describe("a kubelet and the agent's device plugin", () => {
    let pods: PodsOnGuest;
    let name = "";
    let withInterface: Pod;
    let withGroup: Pod;

    const vfs = (device: SriovNetworkDevice) => device.status?.virtualFunctions ?? [];

    before(async () => {
      pods = shared();
      await pods.restore();
      name = pods.hw.nameOf(first);
    });

    it("have the VFs of each group in the Node's allocatable", async () => {
      await pods.hw.ask(first, { numVFS: 4, vfGroups: [netdevices("0-1"), vfioGroup("2-3")] });
      await pods.offers({ [NETDEVICES]: 2, [VFIO]: 2 });
    });

    it("tell a pod which VF it has got", async () => {
      withInterface = await pods.run("with-interface", [NETDEVICES]);
      const told = await pods.told(withInterface);
      const address = told.get("PCIDEVICE_OPENSHIFT_IO_NETDEVICES") ?? "";
      expect(address).to.be.oneOf(["0000:01:10.0", "0000:01:10.2"]);
      expect(JSON.parse(told.get("PCIDEVICE_OPENSHIFT_IO_NETDEVICES_INFO") ?? "")).to.deep.equal({
        [address]: { generic: { deviceID: address } },
      });
    });

    it("give a pod the device node of its VF's IOMMU group, and let it open that", async () => {
      withGroup = await pods.run("with-group", [VFIO]);
      const told = await pods.told(withGroup);
      const address = told.get("PCI_RESOURCE_OPENSHIFT_IO_VFIO") ?? "";
      expect(address).to.be.oneOf(["0000:01:10.4", "0000:01:10.6"]);
      const group = await pods.hw.guest.run(`basename $(readlink /sys/bus/pci/devices/${address}/iommu_group)`);
      const nodes = await pods.hw.guest.run("ls /dev/vfio");
      expect(nodes.split("\n"), "of the node itself").to.include(group).and.to.have.length(3);
      expect(told.get("OPENED")).to.equal(` /dev/vfio/${group} /dev/vfio/vfio`);
    });

    it("say in status which pod has which VF", async () => {
      const device = await pods.hw.observer.device(name, (found) => vfs(found).filter((vf) => vf.usedBy).length === 2);
      const users = vfs(device).flatMap(({ address, usedBy }) => (usedBy === undefined ? [] : [[address, usedBy]]));
      const [one, other] = [await pods.told(withInterface), await pods.told(withGroup)];
      expect(users).to.deep.equal([
        [one.get("PCIDEVICE_OPENSHIFT_IO_NETDEVICES"), "pod default/with-interface"],
        [other.get("PCI_RESOURCE_OPENSHIFT_IO_VFIO"), "pod default/with-group"],
      ]);
    });

    it("have the API server refuse another count while pods have VFs", async () => {
      const error = await refusal(pods.hw.observer.declare(name, 2), ApiError);
      expect(error.message).to.include("pod default/with-interface").and.to.include("pod default/with-group");
    });

    it("have VFs free again, and the count changed, when the pods are gone", async () => {
      await pods.remove("with-interface");
      await pods.remove("with-group");
      await pods.hw.observer.device(name, (device) => vfs(device).every(({ usedBy }) => usedBy === undefined));
      await pods.hw.ask(first, { numVFS: 2, vfGroups: [netdevices("0-1")] });
      await pods.offers({ [NETDEVICES]: 2, [VFIO]: 0 });
    });
  });
}
