import { expect } from "chai";
import { SRIOV_NETWORK_DEVICE } from "../../../api/sriov-network-device.js";
import type { KubeClient } from "../../../kube/client.js";
import { ApiError, conflictingManagers } from "../../../kube/errors.js";
import type { Lab } from "../../../lab/lab.js";
import { sharedLab } from "../../shared-lab.js";
import { refusal } from "../refusal.js";
import { applyCount, makeDevice, writeStatus } from "./device.js";

describe("an SriovNetworkDevice at the API server", () => {
  let lab: Lab;
  let client: KubeClient;
  const me = { as: "me" };
  before(async () => {
    lab = await sharedLab();
    client = lab.client;
  });

  const patchSpec = (name: string, spec: Readonly<Record<string, unknown>>) =>
    client.merge(SRIOV_NETWORK_DEVICE, name, { spec }, { fieldManager: "me" });

  it("has the count 0 where nobody gave one", async () => {
    expect((await makeDevice(client)).spec.numVFS).to.equal(0);
  });

  it("may have any count while its maximum is not known", async () => {
    expect((await applyCount(client, await makeDevice(client), 64, me)).spec.numVFS).to.equal(64);
  });

  it("may have as many VFs as its maximum", async () => {
    const device = await writeStatus(lab, await makeDevice(client), { totalVFs: 7 });
    expect((await applyCount(client, device, 7, me)).spec.numVFS).to.equal(7);
  });

  it("is refused a count above its maximum, in words that name both fields", async () => {
    const device = await writeStatus(lab, await makeDevice(client), { totalVFs: 7 });
    const error = await refusal(applyCount(client, device, 8, me), ApiError);
    expect(error.httpStatus).to.equal(422);
    expect(error.message).to.include("spec.numVFS: Invalid value").and.to.include("above status.totalVFs");
  });

  it("is refused a count below 0", async () => {
    const error = await refusal(applyCount(client, await makeDevice(client), -1, me), ApiError);
    expect(error.message).to.include("spec.numVFS");
  });

  describe("whose maximum fell below its count", () => {
    async function fallen() {
      const device = await writeStatus(lab, await makeDevice(client), { totalVFs: 7 });
      return writeStatus(lab, await applyCount(client, device, 6, me), { totalVFs: 4 });
    }

    it("can report that", async () => {
      expect((await fallen()).status?.totalVFs).to.equal(4);
    });

    it("can get a label", async () => {
      const { metadata } = await fallen();
      const labels = { team: "network" };
      const labelled = await client.merge(
        SRIOV_NETWORK_DEVICE,
        metadata.name,
        { metadata: { labels } },
        { fieldManager: "me" },
      );
      expect(labelled.metadata.labels).to.include(labels);
    });

    it("can be applied again with the count that it has", async () => {
      expect((await applyCount(client, await fallen(), 6, me)).spec.numVFS).to.equal(6);
    });

    it("is refused another count above the maximum", async () => {
      expect((await refusal(applyCount(client, await fallen(), 5, me), ApiError)).httpStatus).to.equal(422);
    });

    it("can go down to the maximum", async () => {
      expect((await applyCount(client, await fallen(), 4, me)).spec.numVFS).to.equal(4);
    });
  });

  for (const [field, value] of [
    ["address", "0000:05:00.0"],
    ["nodeName", "another"],
  ] as const) {
    it(`keeps its ${field} for ever`, async () => {
      const { metadata } = await makeDevice(client);
      const error = await refusal(patchSpec(metadata.name, { [field]: value }), ApiError);
      expect(error.message).to.include(`spec.${field}`).and.to.include(`${field} is immutable`);
    });
  }

  it("keeps what policies ask for of it", async () => {
    const { metadata } = await makeDevice(client);
    const group = { resourceName: "storage", policyName: "storage-policy", vfRange: "0-3" };
    const rest = { deviceType: "vfio-pci", mtu: 9_000, needVhostNet: true, excludeTopology: true };
    const wanted = { mtu: 9_000, vfGroups: [group, { ...group, vfRange: "4-4", ...rest }] };
    expect((await patchSpec(metadata.name, wanted)).spec).to.deep.include(wanted);
  });

  for (const [what, spec, where] of [
    ["an MTU of 0", { mtu: 0 }, "spec.mtu"],
    ["a group without a pool", { vfGroups: [{ policyName: "p", vfRange: "0-3" }] }, "spec.vfGroups[0].resourceName"],
    ["a group without a policy", { vfGroups: [{ resourceName: "r", vfRange: "0-3" }] }, "spec.vfGroups[0].policyName"],
    ["a group without VFs", { vfGroups: [{ resourceName: "r", policyName: "p" }] }, "spec.vfGroups[0].vfRange"],
    [
      "a range that is none",
      { vfGroups: [{ resourceName: "r", policyName: "p", vfRange: "0" }] },
      "spec.vfGroups[0].vfRange",
    ],
    [
      "an unknown driver for VFs",
      { vfGroups: [{ resourceName: "r", policyName: "p", vfRange: "0-3", deviceType: "uio" }] },
      "spec.vfGroups[0].deviceType",
    ],
  ] as const) {
    it(`is refused ${what}`, async () => {
      const { metadata } = await makeDevice(client);
      const error = await refusal(patchSpec(metadata.name, spec), ApiError);
      expect([error.httpStatus, error.message.includes(where)], error.message).to.deep.equal([422, true]);
    });
  }

  it("has one owner of all its groups: another is refused, and the first is named", async () => {
    const { metadata } = await makeDevice(client);
    const vfGroups = [{ resourceName: "r", policyName: "p", vfRange: "0-3" }];
    const groups = (vfGroups: object) => ({ metadata: { name: metadata.name }, spec: { vfGroups } });
    await client.apply(SRIOV_NETWORK_DEVICE, groups(vfGroups), { fieldManager: "first" });
    const others = [{ resourceName: "r2", policyName: "p", vfRange: "4-7" }];
    const work = client.apply(SRIOV_NETWORK_DEVICE, groups(others), { fieldManager: "second" });
    expect(conflictingManagers(await refusal(work, ApiError))).to.deep.equal(["first"]);
  });

  it("keeps all that agents report beyond Harvester's fields", async () => {
    const virtualFunctions = [{ index: 0, address: "0000:04:10.0", mtu: 9_000 }];
    const names = { linkType: "eth", alternativeNames: ["enp4s0"] };
    const status = { ...names, mtu: 9_000, countManaged: true, virtualFunctions };
    expect((await writeStatus(lab, await makeDevice(client), status)).status).to.deep.include(status);
  });

  it("is refused an address that is none", async () => {
    const object = { metadata: { name: "no-address" }, spec: { address: "eno49", nodeName: "by-hand" } };
    const error = await refusal(client.apply(SRIOV_NETWORK_DEVICE, object, { fieldManager: "me" }), ApiError);
    expect(error.message).to.include("spec.address");
  });

  it("has no new generation by a status", async () => {
    const device = await writeStatus(lab, await makeDevice(client), { totalVFs: 7 });
    expect(device.metadata.generation).to.equal(1);
  });

  it("has a new generation by a new count", async () => {
    expect((await applyCount(client, await makeDevice(client), 4, me)).metadata.generation).to.equal(2);
  });

  it("is refused a status that is neither enabled nor disabled", async () => {
    const error = await refusal(writeStatus(lab, await makeDevice(client), { status: "" }), ApiError);
    expect(error.message).to.include("sriovNetworkDeviceEnabled");
  });
});
