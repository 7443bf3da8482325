import { expect } from "chai";
import { discover } from "../../../reconciler/agent/discovery/discover.js";
import type { PhysicalFunction } from "../../../reconciler/kernel/kernel.js";
import { physicalFunction, port } from "./nic.js";

function discovered(nic: PhysicalFunction, defaultRouteInterfaces: readonly string[] = []) {
  return discover({ physicalFunctions: [nic], defaultRouteInterfaces, interfaceAddresses: {}, unreadable: [] }, [
    "mgmt-br",
    "mgmt-bo",
  ]);
}

describe("discovery", () => {
  it("lists a NIC under its first port", () => {
    const nic = physicalFunction({ interfaces: [port("eno49"), port("eno50")] });
    expect(discovered(nic)).to.deep.equal({
      devices: [{ address: nic.address, interfaceName: "eno49", physicalFunction: nic }],
      skipped: [],
    });
  });

  it("lists a NIC that has no interface", () => {
    expect(discovered(physicalFunction({ interfaces: [] })).devices[0]).to.have.property("interfaceName", "");
  });

  it("lists a member of a bridge that is not for management", () => {
    expect(discovered(physicalFunction({ interfaces: [port("eno49", ["vm-br"])] })).devices).to.have.length(1);
  });

  it("leaves out a member of a management bridge, and says so", () => {
    expect(discovered(physicalFunction({ interfaces: [port("eno49", ["mgmt-br"])] })).skipped).to.deep.equal([
      { address: "0000:04:00.0", interfaceName: "eno49", reason: "eno49 belongs to the management interface mgmt-br" },
    ]);
  });

  it("leaves out a member of a bond in a management bridge", () => {
    const { skipped } = discovered(physicalFunction({ interfaces: [port("eno49", ["bond0", "mgmt-br"])] }));
    expect(skipped[0]?.reason).to.equal("eno49 belongs to the management interface mgmt-br");
  });

  it("leaves out a NIC that carries the default route", () => {
    const { skipped } = discovered(physicalFunction(), ["eno49"]);
    expect(skipped[0]?.reason).to.equal("eno49 carries the node's default route (eno49)");
  });

  it("leaves out a NIC whose bridge carries the default route", () => {
    const { skipped } = discovered(physicalFunction({ interfaces: [port("eno49", ["br0"])] }), ["br0"]);
    expect(skipped[0]?.reason).to.equal("eno49 carries the node's default route (br0)");
  });

  it("leaves out a NIC whose second port belongs to management", () => {
    const { skipped } = discovered(physicalFunction({ interfaces: [port("eno49"), port("eno50", ["mgmt-bo"])] }));
    expect(skipped[0]?.reason).to.equal("eno50 belongs to the management interface mgmt-bo");
  });

  it("leaves out one NIC and lists the others", () => {
    const other = physicalFunction({ interfaces: [port("eno50")] });
    const snapshot = {
      physicalFunctions: [physicalFunction(), other],
      defaultRouteInterfaces: ["eno49"],
      interfaceAddresses: {},
      unreadable: [],
    };
    expect(discover(snapshot, []).devices.map((device) => device.interfaceName)).to.deep.equal(["eno50"]);
  });
});
