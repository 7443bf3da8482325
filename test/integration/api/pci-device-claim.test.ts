import { expect } from "chai";
import { pciDeviceName } from "../../../api/names.js";
import { ClaimReason, PCI_DEVICE_CLAIM } from "../../../api/pci-device-claim.js";
import type { KubeClient } from "../../../kube/client.js";
import { ApiError } from "../../../kube/errors.js";
import type { Lab } from "../../../lab/lab.js";
import { sharedLab } from "../../shared-lab.js";
import { ACCEPTED_CLAIMS, LONG_NODE_NAME, REFUSED_CLAIMS } from "../../specs/claims.js";
import { refusal } from "../refusal.js";
import { freshAddress, makeClaim, pciDeviceAsOwner, removeClaims, writeClaimStatus } from "./claim.js";

/** Of the kind's own rules; what is refused names the field and says what is wrong with it. */
describe("a PCIDeviceClaim at the API server", () => {
  let lab: Lab;
  let client: KubeClient;
  before(async () => {
    lab = await sharedLab();
    client = lab.client;
  });
  after(() => removeClaims(lab));

  for (const [what, fields] of ACCEPTED_CLAIMS) {
    it(`may have ${what}, and keeps it as it is`, async () => {
      expect((await makeClaim(client, fields)).spec).to.deep.include(fields);
    });
  }

  for (const [what, fields, where, why] of REFUSED_CLAIMS) {
    it(`is refused ${what}, in words that name the field`, async () => {
      const error = await refusal(makeClaim(client, fields), ApiError);
      expect(error.httpStatus).to.equal(422);
      expect(error.message).to.include(`${where}: `).and.to.include(why);
    });
  }

  it("is refused without a spec", async () => {
    const work = client.apply(PCI_DEVICE_CLAIM, { metadata: { name: "no-spec" } }, { fieldManager: "somebody" });
    expect((await refusal(work, ApiError)).message).to.include("spec: Required value");
  });

  describe("by its name", () => {
    it("is refused under another than its PCIDevice's, which is told", async () => {
      const work = makeClaim(client, { address: "0000:04:10.1" }, { name: "a-claim" });
      const error = await refusal(work, ApiError);
      expect(error.httpStatus).to.equal(422);
      expect(error.message).to.include(
        "a claim has the name of its PCIDevice, node1-000004101, not a-claim, so that there is one for a device",
      );
    });

    it("is refused under that of another node's device", async () => {
      const address = freshAddress();
      await refusal(makeClaim(client, { address }, { name: pciDeviceName("node2", address) }), ApiError);
    });

    it("is refused under that of another node's device where the name is as long as a name can be", async () => {
      const [address, nodeName] = [freshAddress(), "n".repeat(LONGEST_NODE_NAME)];
      const name = pciDeviceName("m".repeat(LONGEST_NODE_NAME), address);
      expect(name).to.have.length(253);
      await refusal(makeClaim(client, { address, nodeName }, { name }), ApiError);
    });

    it("is refused where there is one for the device already", async () => {
      const { spec } = await makeClaim(client);
      const error = await refusal(makeClaim(client, { ...spec, userName: "bob" }), ApiError);
      expect(error.message).to.include("already exists");
    });

    it("may have what a long node name is shortened to", async () => {
      const nodeName = LONG_NODE_NAME;
      const { metadata } = await makeClaim(client, { nodeName });
      expect(metadata.name).to.have.length.at.most(253).and.not.to.include(nodeName);
    });

    it("ends with the address where the node's name was shortened, too", async () => {
      const name = pciDeviceName(LONG_NODE_NAME, freshAddress());
      const error = await refusal(makeClaim(client, { nodeName: LONG_NODE_NAME }, { name }), ApiError);
      expect(error.message).to.include("a claim has the name of its PCIDevice");
    });
  });

  for (const [field, value] of [
    ["address", "0000:04:10.3"],
    ["nodeName", "node2"],
  ] as const) {
    it(`keeps its ${field} for ever`, async () => {
      const { metadata } = await makeClaim(client);
      const work = client.merge(PCI_DEVICE_CLAIM, metadata.name, { spec: { [field]: value } }, ME);
      expect((await refusal(work, ApiError)).message).to.include(`${field} is immutable`);
    });
  }

  it("may change hands, and pools", async () => {
    const { metadata } = await makeClaim(client);
    const change = { userName: "bob", disableResourcePooling: true };
    const changed = await client.merge(PCI_DEVICE_CLAIM, metadata.name, { spec: change }, ME);
    expect(changed.spec).to.include(change);
    expect(changed.metadata.generation).to.equal(2);
  });

  it("has no status before an agent has written one", async () => {
    const object = { metadata: { name: "node1-0000051f7" }, status: { passthroughEnabled: true } };
    const spec = { address: "0000:05:1f.7", nodeName: "node1", userName: "alice" };
    expect(await client.create(PCI_DEVICE_CLAIM, { ...object, spec }, ME)).not.to.have.property("status");
  });

  it("has no new generation by a status, which keeps all that an agent reports", async () => {
    const lastTransitionTime = "2026-01-01T00:00:00Z";
    const conditions = [
      {
        type: "Ready",
        status: "True",
        reason: ClaimReason.Enabled,
        message: "m",
        lastTransitionTime,
        observedGeneration: 1,
      },
    ] as const;
    const status = {
      kernelDriverToUnbind: "igbvf",
      passthroughEnabled: true,
      resourceName: "intel.com/82576_VIRTUAL_FUNCTION",
      usedBy: "virtual machine web/vm1",
      virtualFunction: { physicalFunction: "0000:04:00.0", index: 1 },
      observedGeneration: 1,
      conditions,
    };
    const written = await writeClaimStatus(lab, await makeClaim(client), status);
    expect([written.metadata.generation, written.status]).to.deep.equal([1, status]);
  });

  it("may be as Harvester makes it for a virtual machine, and keeps all of that", async () => {
    const metadata = {
      labels: { "harvesterhci.io/parent-sriov-gpu-device": "node1-000008000" },
      annotations: { "pcidevices.harvesterhci.io/skip-vfio-binding": "true" },
      finalizers: ["wrangler.cattle.io/PCIDeviceClaimOnRemove"],
      ownerReferences: [await pciDeviceAsOwner(lab)],
    };
    expect((await makeClaim(client, { userName: "admin" }, metadata)).metadata).to.deep.include(metadata);
  });

  it("may say no more in its status than Harvester's does", async () => {
    const status = { kernelDriverToUnbind: "", passthroughEnabled: false };
    expect((await writeClaimStatus(lab, await makeClaim(client), status)).status).to.deep.equal(status);
  });
});

/** Of those that leave room for an address in a name of 253 characters. */
const LONGEST_NODE_NAME = 243;

const ME = { fieldManager: "somebody" };
