import { expect } from "chai";
import { pino } from "pino";
import type { Node } from "../../../api/core.js";
import type { LeftOutNic } from "../../../api/left-out-nic.js";
import type { Discovery } from "../../../reconciler/agent/discovery/discover.js";
import { Inventory } from "../../../reconciler/agent/discovery/inventory.js";
import type { ObjectEvent } from "../../../reconciler/service/events.js";
import { physicalFunction } from "./nic.js";

const nic = physicalFunction();
const offered = { address: nic.address, interfaceName: "eno49", physicalFunction: nic };
const skipped = { ...offered, reason: "eno49 carries the node's default route (eno49)" };
const leftOut: LeftOutNic = { address: nic.address, interfaceName: "eno49", reason: skipped.reason };

function discovery(more: Partial<Discovery>): Discovery {
  return { devices: [], skipped: [], unusable: [], incomplete: false, ...more };
}

function nodeWith(labels: Record<string, string> = {}, annotations: Record<string, string> = {}): Node {
  return { metadata: { name: "node1", uid: "1", labels, annotations } };
}

describe("the inventory of a node", () => {
  let events: ObjectEvent[];
  let logged: string[];
  let inventory: Inventory;

  beforeEach(() => {
    events = [];
    logged = [];
    const log = pino(
      { base: null },
      { write: (line: string) => logged.push((JSON.parse(line) as { msg: string }).msg) },
    );
    inventory = new Inventory(log, { record: (_type, _about, event) => events.push(event) });
  });

  it("says nothing before the first scan", () => {
    expect(inventory.report()).to.equal(undefined);
  });

  it("says that the node is capable where a NIC is offered", () => {
    inventory.take(discovery({ devices: [offered] }), nodeWith());
    expect(inventory.report()).to.deep.equal({ capable: true, leftOut: [] });
  });

  it("says that it is not where all are left out, and which", () => {
    inventory.take(discovery({ skipped: [skipped] }), nodeWith());
    expect(inventory.report()).to.deep.equal({ capable: false, leftOut: [leftOut] });
  });

  it("names what is left out in the order of addresses, whatever the reasons", () => {
    const unusable = ["0000:05:00.0", "0000:03:00.0"].map((address) => ({
      address,
      interfaceName: "",
      reason: "none",
    }));
    inventory.take(discovery({ skipped: [skipped], unusable }), nodeWith());
    const addresses = inventory.report()?.leftOut.map(({ address }) => address);
    expect(addresses).to.deep.equal(["0000:03:00.0", "0000:04:00.0", "0000:05:00.0"]);
  });

  for (const [said, capable] of [
    ["true", true],
    ["false", false],
  ] as const) {
    it(`leaves it at "${said}" what the Node says while not all can be read`, () => {
      inventory.take(discovery({ incomplete: true }), nodeWith({ "network-sriov.capable": said }));
      expect(inventory.report()?.capable).to.equal(capable);
    });
  }

  it("makes an event of a NIC that is left out, once", () => {
    inventory.take(discovery({ skipped: [skipped] }), nodeWith());
    inventory.take(discovery({ skipped: [skipped] }), nodeWith());
    const message = "eno49 (0000:04:00.0) is not offered: eno49 carries the node's default route (eno49)";
    expect(events).to.deep.equal([{ type: "Normal", reason: "NicLeftOut", message }]);
  });

  it("makes another where the reason is another", () => {
    inventory.take(discovery({ skipped: [skipped] }), nodeWith());
    inventory.take(discovery({ skipped: [{ ...skipped, reason: "eno49 belongs to mgmt-br" }] }), nodeWith());
    expect(events).to.have.length(2);
  });

  it("makes none of what the Node says already, by an agent before this one", () => {
    const annotation = { "devices.harvesterhci.io/sriov-nics-left-out": JSON.stringify([leftOut]) };
    inventory.take(discovery({ skipped: [skipped] }), nodeWith({}, annotation));
    expect(events).to.deep.equal([]);
  });

  it("makes none of a NIC that has no SR-IOV at all", () => {
    inventory.take(discovery({ unusable: [leftOut] }), nodeWith());
    expect(events).to.deep.equal([]);
  });

  it("names a NIC in the log when it is left out and when it is not any more, and not at every scan", () => {
    for (const found of [
      { skipped: [skipped] },
      { skipped: [skipped] },
      { devices: [offered] },
      { devices: [offered] },
    ])
      inventory.take(discovery(found), nodeWith());
    expect(logged).to.deep.equal([
      "left out: eno49 (0000:04:00.0): eno49 carries the node's default route (eno49)",
      "not left out any more: eno49 (0000:04:00.0)",
    ]);
  });
});
