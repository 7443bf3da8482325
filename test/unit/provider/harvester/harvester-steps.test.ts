import { expect } from "chai";
import { countVerdict } from "../../../../provider/core/device/device-wait.js";
import { DisruptionRefused } from "../../../../provider/core/device/disruption.js";
import { asOwnObject, type HarvesterNetworkDevice } from "../../../../provider/core/device/harvester-object.js";
import { harvesterVerdict } from "../../../../provider/core/device/harvester-settle.js";
import { explained, firstStep } from "../../../../provider/core/device/harvester-write.js";
import { refusal } from "../../../integration/refusal.js";
import { enabled, facts, nic } from "./harvester-nic.js";

const VFS = ["0000:04:10.0", "0000:04:10.2"];

describe("the way from one count to another on Harvester", () => {
  const first = (given: HarvesterNetworkDevice, numVfs: number): number =>
    firstStep(asOwnObject(given, facts(VFS)), numVfs);
  function verdict(given: HarvesterNetworkDevice, numVfs: number, listed = VFS): string {
    const device = asOwnObject(given, facts(listed));
    const found = harvesterVerdict(countVerdict(device, device, device.spec.numVFS ?? 0), device, numVfs);
    return found.state === "pending" ? found.what : found.state;
  }

  it("begins with 0 where the NIC has another number of VFs", () => {
    expect(first(nic(2, enabled(...VFS)), 4)).to.equal(0);
  });

  it("is one step from 0, to 0, and where nothing is to change", () => {
    expect([first(nic(0), 4), first(nic(2, enabled(...VFS)), 0), first(nic(2, enabled(...VFS)), 2)]).to.deep.equal([
      4, 0, 2,
    ]);
  });

  it("goes by the VFs that are there, not by a number that somebody has asked for in vain", () => {
    expect(first(nic(6, enabled(...VFS)), 6)).to.equal(0);
  });

  it("goes on from 0 only when the status says that the VFs are gone", () => {
    expect(verdict(nic(0, enabled(...VFS)), 4)).to.contain("step 1 of 2, down to 0 VFs: 2 are there still");
    expect(verdict(nic(0, { status: "sriovNetworkDeviceDisabled" }), 4)).to.equal("satisfied");
  });

  it("is begun anew where other VFs are found than were asked for, since that stays so for ever", () => {
    expect(verdict(nic(4, enabled(...VFS)), 4)).to.equal("failed");
  });

  it("takes addresses that the status has kept from before a start of the node for no VFs, whatever is asked for", () => {
    expect(verdict(nic(4, enabled(...VFS)), 4, [])).to.contain("waiting for");
    expect(firstStep(asOwnObject(nic(0, enabled(...VFS)), facts()), 4)).to.equal(4);
  });

  it("ends when the VFs have their PCIDevices", () => {
    expect(verdict(nic(2, enabled(...VFS)), 2, [])).to.contain("0 of 2 VFs have their PCIDevice");
    expect(verdict(nic(2, enabled(...VFS)), 2)).to.equal("satisfied");
  });

  it("is refused by Harvester's webhook in words that say what to do", async () => {
    const said = `admission webhook "pcidevices-webhook.harvester-system.svc" denied the request: found pcideviceclaims: node1-000004100 related to sriovnetworkdevice node1-eno49 in use`;
    const device = asOwnObject(nic(2, enabled(...VFS)), facts());
    const error = await refusal(
      explained(device, 0, () => Promise.reject(new Error(said))),
      DisruptionRefused,
    );
    expect(error.message)
      .to.contain(
        "node1-eno49: numVfs was not changed from 2 to 0: Harvester's webhook refuses it: found pcideviceclaims",
      )
      .and.to.contain("Delete these claims");
  });
});
