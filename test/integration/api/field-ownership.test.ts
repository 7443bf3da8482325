import { expect } from "chai";
import { SRIOV_NETWORK_DEVICE } from "../../../api/sriov-network-device.js";
import type { KubeClient } from "../../../kube/client.js";
import { ApiError, conflictingManagers, isConflict, isNotFound } from "../../../kube/errors.js";
import { sharedLab } from "../../shared-lab.js";
import { refusal } from "../refusal.js";
import { applyCount, makeDevice, ownersOfCount } from "./device.js";

/** What delete, replacement and takeover of the provider's resources stand on. */
describe("ownership of a device's count", () => {
  let client: KubeClient;
  before(async () => {
    client = (await sharedLab()).client;
  });

  it("is nobody's while the agent alone has applied the device", async () => {
    expect(ownersOfCount(await makeDevice(client))).to.deep.equal([]);
  });

  it("is taken without a conflict from the default", async () => {
    const device = await applyCount(client, await makeDevice(client), 4, { as: "first" });
    expect(ownersOfCount(device)).to.deep.equal(["first"]);
  });

  it("stays through the agent's later applies", async () => {
    const { metadata, spec } = await applyCount(client, await makeDevice(client), 4, { as: "first" });
    const { name } = metadata;
    const again = { metadata: { name }, spec: { address: spec.address, nodeName: spec.nodeName } };
    const device = await client.apply(SRIOV_NETWORK_DEVICE, again, { fieldManager: "maker" });
    expect([device.spec.numVFS, ownersOfCount(device)]).to.deep.equal([4, ["first"]]);
  });

  it("is shared by two who want the same", async () => {
    const device = await applyCount(client, await makeDevice(client), 4, { as: "first" });
    expect(ownersOfCount(await applyCount(client, device, 4, { as: "second" }))).to.have.members(["first", "second"]);
  });

  it("is refused to a second who wants another, and the first is named", async () => {
    const device = await applyCount(client, await makeDevice(client), 4, { as: "first" });
    const error = await refusal(applyCount(client, device, 6, { as: "second" }), ApiError);
    expect(isConflict(error)).to.equal(true);
    expect(conflictingManagers(error)).to.deep.equal(["first"]);
  });

  it("names every owner in a conflict, once each", async () => {
    let device = await makeDevice(client);
    for (const as of ["first", "second"]) device = await applyCount(client, device, 4, { as });
    const error = await refusal(applyCount(client, device, 6, { as: "third" }), ApiError);
    expect(conflictingManagers(error)).to.have.members(["first", "second"]);
  });

  it("goes to a second who forces it", async () => {
    const first = await applyCount(client, await makeDevice(client), 4, { as: "first" });
    const device = await applyCount(client, first, 6, { as: "second", force: true });
    expect([device.spec.numVFS, ownersOfCount(device)]).to.deep.equal([6, ["second"]]);
  });

  it("ends with an apply without the count, which goes back to 0", async () => {
    const owned = await applyCount(client, await makeDevice(client), 4, { as: "first" });
    const device = await applyCount(client, owned, undefined, { as: "first" });
    expect([device.spec.numVFS, ownersOfCount(device)]).to.deep.equal([0, []]);
  });

  it("leaves the count where another owner stays", async () => {
    let device = await makeDevice(client);
    for (const as of ["first", "second"]) device = await applyCount(client, device, 4, { as });
    device = await applyCount(client, device, undefined, { as: "first" });
    expect([device.spec.numVFS, ownersOfCount(device)]).to.deep.equal([4, ["second"]]);
  });

  it("cannot bring back a device that is gone", async () => {
    const device = await makeDevice(client);
    await client.delete(SRIOV_NETWORK_DEVICE, device.metadata.name);
    expect(isConflict(await refusal(applyCount(client, device, 4, { as: "first" }), ApiError))).to.equal(true);
    const { name } = device.metadata;
    expect(isNotFound(await refusal(client.get(SRIOV_NETWORK_DEVICE, name), ApiError))).to.equal(true);
  });

  it("cannot pass to a device that was made anew under the same name", async () => {
    const device = await makeDevice(client);
    await client.delete(SRIOV_NETWORK_DEVICE, device.metadata.name);
    const { name } = device.metadata;
    const anew = await client.apply(
      SRIOV_NETWORK_DEVICE,
      { metadata: { name }, spec: device.spec },
      { fieldManager: "x" },
    );
    expect(anew.metadata.uid).not.to.equal(device.metadata.uid);
    expect(isConflict(await refusal(applyCount(client, device, 4, { as: "first" }), ApiError))).to.equal(true);
  });
});
