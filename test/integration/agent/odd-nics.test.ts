import { expect } from "chai";
import { readFileSync } from "node:fs";
import { SRIOV_NETWORK_DEVICE, type SriovNetworkDevice } from "../../../api/sriov-network-device.js";
import type { Lab } from "../../../lab/lab.js";
import type { SimulatedNode } from "../../../lab/nodes/simulated-node.js";
import { sharedLab } from "../../shared-lab.js";
import { until as eventually } from "../lab/until.js";
import { rescan } from "./agent-process.js";
import { countsWritten } from "./hardware.js";
import { Observer, until } from "./observer.js";

const INTERFACE_NAME = "sriov.devices.harvesterhi.io/interface-name";

describe("an agent on a node of odd NICs", () => {
  let lab: Lab;
  let node: SimulatedNode;
  let observer: Observer;
  const address = (bus: number): string => `0000:0${bus}:00.0`;
  const odd = (bus: number, ...names: string[]) => ({
    address: address(bus),
    interfaces: names.map((name) => ({ name })),
    totalVfs: 8,
  });

  before(async () => {
    lab = await sharedLab();
    observer = await Observer.start(lab.client);
    // In the way of both names that the NIC at 08 could get: whoever made them meant other hardware.
    for (const name of ["n-odd-blocked", "n-odd-blocked-000008000"]) {
      const spec = { address: address(9), nodeName: "n-elsewhere" };
      await lab.client.apply(SRIOV_NETWORK_DEVICE, { metadata: { name }, spec }, { fieldManager: "person" });
    }
    const nics = [
      odd(1, "dual0", "dual1"),
      odd(2),
      odd(3, "Lan_0!"),
      odd(4, "MGMT"),
      odd(5, "mgmt"),
      odd(6, "back"),
      odd(7, "shared0", "shared1"),
      odd(8, "blocked"),
    ];
    node = await lab.addSimulatedNode("n-odd", { spec: { nics, defaultRouteInterfaces: ["shared1"] } });
  });
  after(async () => {
    await lab.client.delete(SRIOV_NETWORK_DEVICE, "n-odd-blocked-000008000");
    await observer.stop();
  });

  const at = (bus: number): Promise<SriovNetworkDevice> =>
    until(
      observer.devices,
      () => observer.devices.list().find(({ spec }) => spec.nodeName === "n-odd" && spec.address === address(bus)),
      ({ status }) => status?.observedGeneration !== undefined,
      `device at ${address(bus)}`,
    );
  const nameAt = async (bus: number): Promise<string> => (await at(bus)).metadata.name;

  it("names a NIC of several ports by its first", async () => {
    const { metadata, status } = await at(1);
    expect([metadata.name, status?.interfaceName]).to.deep.equal(["n-odd-dual0", "dual0"]);
  });

  it("makes one object for a NIC of several ports", () => {
    const names = observer.devices.list().map(({ metadata }) => metadata.name);
    expect(names).not.to.include("n-odd-dual1");
  });

  it("leaves a NIC out whose second port is needed", () => {
    const names = observer.devices.list().map(({ metadata }) => metadata.name);
    expect(names.filter((name) => name.startsWith("n-odd-shared"))).to.deep.equal([]);
  });

  it("names a NIC that has no interface by its address", async () => {
    const { metadata, status } = await at(2);
    expect([metadata.name, status?.interfaceName]).to.deep.equal(["n-odd-000002000", ""]);
  });

  it("gives a NIC VFs that has no interface", async () => {
    await observer.declare("n-odd-000002000", 1);
    await observer.configured("n-odd-000002000", 1);
  });

  it("adds the address where an interface's name is not allowed in an object's", async () => {
    const { metadata } = await at(3);
    expect(metadata.name).to.equal("n-odd-lan-0-000003000");
    expect(metadata.annotations).to.include({ [INTERFACE_NAME]: "Lan_0!" });
  });

  it("gives the plain name to the first of two NICs that differ in capitals, by address", async () => {
    expect([await nameAt(4), await nameAt(5)]).to.deep.equal(["n-odd-mgmt", "n-odd-mgmt-000005000"]);
  });

  it("tells in its log of a NIC that can get no object, and why", () => {
    expect(readFileSync(node.agentLog, "utf8")).to.match(/object of NIC 0000:08:00\.0 \(blocked\): .*n-odd-blocked/);
  });

  it("looks after the other NICs, though one of them can get no object", async () => {
    const failed = readFileSync(node.agentLog, "utf8").match(/"scan failed[^"]*/g);
    expect(failed?.[0], "a scan ended before all NICs were looked at").to.equal(undefined);
    await observer.declare("n-odd-mgmt", 2);
    await observer.configured("n-odd-mgmt", 2);
  });

  it("makes the object by itself when nothing is in the way any more", async () => {
    await lab.client.delete(SRIOV_NETWORK_DEVICE, "n-odd-blocked");
    expect(await nameAt(8)).to.equal("n-odd-blocked");
  });

  it("keeps the object of a NIC that vanishes and comes back under another name, and gives it its VFs", async () => {
    await at(6);
    await observer.declare("n-odd-back", 2);
    const { metadata } = await observer.configured("n-odd-back", 2);
    await node.hardware.unplug(address(6));
    rescan(lab.run, node);
    await observer.ready("n-odd-back", "DeviceGone");
    await node.hardware.plug(odd(6, "again"));
    rescan(lab.run, node);
    const back = await observer.device(
      "n-odd-back",
      ({ status }) => status?.interfaceName === "again" && status.vfAddresses?.length === 2,
    );
    expect(back.metadata.uid).to.equal(metadata.uid);
    expect(back.metadata.annotations).to.include({ [INTERFACE_NAME]: "again" });
    expect(await countsWritten(node.hardware, address(6))).to.deep.equal([2, 2]);
  });

  it("remembers the name of a NIC whose interface is out of sight, which policies select by", async () => {
    await node.hardware.unplug(address(6));
    await node.hardware.plug(odd(6));
    rescan(lab.run, node);
    const nameless = await observer.device("n-odd-back", ({ status }) => status?.interfaceName === "");
    expect(nameless.metadata.annotations).to.include({ [INTERFACE_NAME]: "again" });
    // Labels and annotations are written when NICs are looked for, not with the status.
    rescan(lab.run, node);
    await node.hardware.unplug(address(6));
    rescan(lab.run, node);
    const gone = await observer.ready("n-odd-back", "DeviceGone");
    expect(gone.metadata.annotations).to.include({ [INTERFACE_NAME]: "again" });
  });

  it("names a NIC as before that takes the plain name of one that was renamed", async () => {
    await node.hardware.plug({ ...odd(9, "dual0"), address: "0000:0a:00.0" });
    await node.hardware.rename(address(1), "other0");
    rescan(lab.run, node);
    await observer.device("n-odd-dual0", ({ status }) => status?.interfaceName === "other0");
    const second = await observer.device("n-odd-dual0-00000a000", ({ status }) => status !== undefined);
    expect(second.spec.address).to.equal("0000:0a:00.0");
  });

  it("takes the interface's name back that somebody has changed on the object", async () => {
    const patch = { metadata: { annotations: { [INTERFACE_NAME]: "wrong" } } };
    await lab.client.merge(SRIOV_NETWORK_DEVICE, "n-odd-mgmt", patch, { fieldManager: "person" });
    rescan(lab.run, node);
    await eventually(() => observer.devices.get("n-odd-mgmt")?.metadata.annotations?.[INTERFACE_NAME] === "MGMT");
  });

  it("makes an object at once that somebody deleted, under its name, and touches no VF", async () => {
    const before = await observer.configured("n-odd-mgmt", 2);
    await lab.client.delete(SRIOV_NETWORK_DEVICE, "n-odd-mgmt");
    await observer.device("n-odd-mgmt", ({ metadata }) => metadata.uid !== before.metadata.uid);
    const { status } = await observer.ready("n-odd-mgmt", "Unmanaged");
    expect(status?.vfAddresses).to.deep.equal(before.status?.vfAddresses);
    expect(await countsWritten(node.hardware, address(4))).to.deep.equal([2]);
  });
});
