import { expect } from "chai";
import type { SimulatedNode } from "../../lab/nodes/simulated-node.js";
import type { Observer } from "../integration/agent/observer.js";

/** Resolves when the NIC has six VFs, its status says so truly, and the PCIDevices are exactly those. */
export async function expectSixVfs(observer: Observer, node: SimulatedNode, name: string): Promise<void> {
  const { spec, status } = await observer.configured(name, 6);
  const { snapshot } = await node.hardware.hardwareState();
  const vfs = snapshot.physicalFunctions.find(({ address }) => address === spec.address)?.virtualFunctions ?? [];
  expect(vfs).to.have.length(6);
  expect(status?.virtualFunctions?.map((vf) => [vf.index, vf.address, vf.driver, vf.iommuGroup])).to.deep.equal(
    vfs.map((vf) => [vf.index, vf.address, vf.driver, vf.iommuGroup]),
  );
  const objects = await observer.pciDevicesOf(name);
  expect(objects.map((object) => object.status?.address)).to.deep.equal(vfs.map(({ address }) => address));
}
