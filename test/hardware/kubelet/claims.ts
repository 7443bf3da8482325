import { expect } from "chai";
import { pciDeviceName } from "../../../api/names.js";
import {
  ClaimReason,
  claimReady,
  PCI_DEVICE_CLAIM,
  type PciDeviceClaim,
  VFIO_DRIVER,
} from "../../../api/pci-device-claim.js";
import { ApiError } from "../../../kube/errors.js";
import { Informer } from "../../../kube/informer.js";
import { until } from "../../integration/agent/observer.js";
import { refusal } from "../../integration/refusal.js";
import { first } from "../agent/guest.js";
import type { PodsOnGuest } from "./pods-on-guest.js";

const DEADLINE_MS = 300_000;

/** The first NIC's second VF. */
const ADDRESS = "0000:01:10.2";

/** A claimed VF from claim to release, with a reset of the node in between. */
export function claims(shared: () => PodsOnGuest): void {
  describe("a claimed VF on a node with a kubelet", () => {
    let pods: PodsOnGuest;
    let claims: Informer<PciDeviceClaim>;
    let name = "";
    let resource = "";

    const claim = (wanted: (claim: PciDeviceClaim) => boolean) =>
      until(claims, () => claims.get(name), wanted, name, DEADLINE_MS);
    const drivers = async () => (await pods.hw.guest.virtualFunctions(first)).map(({ driver }) => driver);
    const variable = () => `PCI_RESOURCE_${resource.toUpperCase().replace(/[./]/g, "_")}`;

    before(async () => {
      pods = shared();
      claims = new Informer(pods.hw.lab.client, PCI_DEVICE_CLAIM).start();
      await claims.synced;
      await pods.restore();
      await pods.hw.configure(first, 3);
      name = pciDeviceName(pods.hw.node.name, ADDRESS);
    });
    after(() => claims.stop());

    it("is in the Node's allocatable under the name that the claim tells", async () => {
      const spec = { address: ADDRESS, nodeName: pods.hw.node.name, userName: "alice" };
      const options = { fieldManager: "person" };
      claims.observe(await pods.hw.lab.client.create(PCI_DEVICE_CLAIM, { metadata: { name }, spec }, options));
      const enabled = await claim((found) => claimReady(found)?.reason === ClaimReason.Enabled);
      resource = enabled.status?.resourceName ?? "";
      await pods.offers({ [resource]: 1 });
      expect(await drivers()).to.deep.equal(["igbvf", VFIO_DRIVER, "igbvf"]);
    });

    it("is given to a pod, with the device node of its IOMMU group", async () => {
      const told = await pods.told(await pods.run("guest", [resource]));
      const group = await pods.hw.guest.run(`basename $(readlink /sys/bus/pci/devices/${ADDRESS}/iommu_group)`);
      expect(told.get(variable())).to.equal(ADDRESS);
      expect(told.get("OPENED")).to.equal(` /dev/vfio/${group} /dev/vfio/vfio`);
    });

    it("is the pod's in the claim's status, and stays claimed until the pod is gone", async () => {
      await claim(({ status }) => status?.usedBy === "pod default/guest");
      const error = await refusal(pods.hw.lab.client.delete(PCI_DEVICE_CLAIM, name), ApiError);
      expect(error.message).to.include("pod default/guest");
      await pods.remove("guest");
      await claim(({ status }) => status?.usedBy === undefined);
    });

    it("is not offered after a reset of the node until the agent is back", async () => {
      await pods.hw.node.guest.reset();
      await pods.hw.lab.awaitReady(pods.hw.node);
      await pods.offers({ [resource]: 0 });
      expect(await drivers()).to.deep.equal([]);
    });

    it("is then the same VF of the same NIC, with the claim's driver again", async () => {
      const { status } = await claim(() => true);
      await pods.hw.node.startAgent();
      await pods.offers({ [resource]: 1 });
      expect(await drivers()).to.deep.equal(["igbvf", VFIO_DRIVER, "igbvf"]);
      const again = await claim((found) => claimReady(found)?.reason === ClaimReason.Enabled);
      expect(again.status?.virtualFunction).to.deep.equal({ physicalFunction: first.address, index: 1 });
      expect(again.status?.virtualFunction).to.deep.equal(status?.virtualFunction);
      expect(again.status?.kernelDriverToUnbind).to.equal("igbvf");
    });

    it("is given to a pod again after the reset", async () => {
      const told = await pods.told(await pods.run("again", [resource]));
      expect(told.get(variable())).to.equal(ADDRESS);
      await pods.remove("again");
      await claim(({ status }) => status?.usedBy === undefined);
    });

    it("has its old driver again, and is offered no more, when the claim is deleted", async () => {
      await pods.hw.lab.client.delete(PCI_DEVICE_CLAIM, name);
      await pods.offers({ [resource]: 0 });
      await pods.hw.observer.pciDevice(name, ({ status }) => status?.kernelDriverInUse === "igbvf");
      expect(await drivers()).to.deep.equal(["igbvf", "igbvf", "igbvf"]);
    });
  });
}
