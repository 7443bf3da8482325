import { expect } from "chai";
import type { DeviceOutputs } from "../../../provider/core/device/device-outputs.js";
import { diffDevice } from "../../../provider/core/device/sriov-network-device.js";

const none: ReadonlySet<string> = new Set<string>();
const state: Partial<DeviceOutputs> = {
  nodeName: "node1",
  interfaceName: "eno49",
  address: "0000:04:00.0",
  numVfs: 4,
  status: "Configured",
};
const news = { nodeName: "node1", interfaceName: "eno49", address: "0000:04:00.0", numVfs: 4 };

describe("diffDevice", () => {
  it("finds no change where the settings are the same, whatever was reported", () => {
    expect(diffDevice(state, news, none)).to.deep.include({ changed: false, replaces: [] });
  });

  it("changes another count in place", () => {
    expect(diffDevice(state, { ...news, numVfs: 6 }, none)).to.deep.include({ changed: true, replaces: [] });
  });

  it("replaces what is in another node", () => {
    expect(diffDevice(state, { ...news, nodeName: "node2" }, none).replaces).to.deep.equal(["nodeName"]);
  });

  it("replaces another NIC, which is told by its address", () => {
    expect(diffDevice(state, { ...news, address: "0000:05:00.0" }, none).replaces).to.deep.equal(["address"]);
  });

  it("keeps a NIC that is only called something else", () => {
    const renamed = { ...news, interfaceName: "ens1f0" };
    expect(diffDevice(state, renamed, none)).to.deep.include({ changed: false, replaces: [] });
  });

  it("replaces a NIC that is not discovered yet under another name", () => {
    const { nodeName, numVfs } = news;
    const undiscovered = { nodeName, numVfs, interfaceName: "ens1f0" };
    expect(diffDevice(state, undiscovered, none).replaces).to.deep.equal(["interfaceName"]);
  });

  it("takes an unknown count for another", () => {
    const { nodeName, interfaceName, address } = news;
    const diff = diffDevice(state, { nodeName, interfaceName, address }, new Set(["numVfs"]));
    expect(diff).to.deep.include({ changed: true, replaces: [] });
  });

  it("takes an unknown node for another", () => {
    const { interfaceName, address, numVfs } = news;
    const diff = diffDevice(state, { interfaceName, address, numVfs }, new Set(["nodeName"]));
    expect(diff.replaces).to.deep.equal(["nodeName"]);
  });

  it("sees other timeouts", () => {
    expect(diffDevice(state, { ...news, timeouts: { create: "1m" } }, none).changed).to.equal(true);
  });

  it("takes no timeouts and empty ones for the same", () => {
    expect(diffDevice(state, { ...news, timeouts: {} }, none).changed).to.equal(false);
  });

  it("finds unfinished what the state asks for and the NIC has not", () => {
    const refreshed = { ...state, vfAddresses: ["0000:04:10.0", "0000:04:10.2"] };
    expect(diffDevice(refreshed, news, none)).to.include({ changed: false, unfinished: true });
  });

  it("finds finished what the NIC has", () => {
    const vfAddresses = ["0000:04:10.0", "0000:04:10.2", "0000:04:10.4", "0000:04:10.6"];
    expect(diffDevice({ ...state, vfAddresses }, news, none)).to.include({ changed: false, unfinished: false });
  });
});
