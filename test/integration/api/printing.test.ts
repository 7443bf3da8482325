import { expect } from "chai";
import { DEVICES_API_VERSION, SRIOV_NETWORK_API_VERSION } from "../../../api/names.js";
import { SRIOV_NETWORK } from "../../../api/sriov-network.js";
import { SRIOV_NETWORK_NODE_POLICY } from "../../../api/sriov-network-node-policy.js";
import type { KubeClient } from "../../../kube/client.js";
import type { Lab } from "../../../lab/lab.js";
import { sharedLab } from "../../shared-lab.js";
import { makeClaim, removeClaims, writeClaimStatus } from "./claim.js";
import { makeDevice, writeStatus } from "./device.js";
import { makeNetwork, makePolicy } from "./policy.js";

interface ResourceList {
  readonly resources: readonly { readonly name: string; readonly shortNames?: readonly string[] }[];
}

interface Table {
  readonly columnDefinitions: readonly { readonly name: string }[];
  readonly rows: readonly { readonly cells: readonly unknown[] }[];
}

describe("what kubectl shows", () => {
  let lab: Lab;
  let client: KubeClient;
  const me = { fieldManager: "controller" };
  before(async () => {
    lab = await sharedLab();
    client = lab.client;
  });
  after(() => removeClaims(lab));

  async function table(path: string, apiVersion = DEVICES_API_VERSION): Promise<Table> {
    const accept = "application/json;as=Table;v=v1;g=meta.k8s.io";
    return (await client.raw({ method: "GET", path: `/apis/${apiVersion}/${path}`, accept })) as Table;
  }

  const lastTransitionTime = "2026-01-01T00:00:00Z";

  for (const [plural, shortName] of [
    ["sriovnetworkdevices", "srnd"],
    ["pcidevices", "pcid"],
    ["pcideviceclaims", "pcidclaim"],
  ] as const) {
    it(`has the short name ${shortName} for ${plural}`, async () => {
      const list = (await client.raw({ method: "GET", path: `/apis/${DEVICES_API_VERSION}` })) as ResourceList;
      expect(list.resources.find(({ name }) => name === plural)?.shortNames).to.deep.equal([shortName]);
    });
  }

  it("has a device's columns", async () => {
    const { columnDefinitions } = await table("sriovnetworkdevices");
    const names = ["Name", "Address", "Node", "Interface", "VFs", "Max", "Status", "Age"];
    expect(columnDefinitions.map(({ name }) => name)).to.deep.equal(names);
  });

  it("has the reason of Ready as a device's status", async () => {
    const conditions = [{ type: "Ready", status: "False", reason: "InUse", message: "m", lastTransitionTime }];
    const status = { totalVFs: 7, interfaceName: "eno49", conditions };
    const { metadata } = await writeStatus(lab, await makeDevice(client), status);
    const { rows } = await table(`sriovnetworkdevices/${metadata.name}`);
    const expected = [metadata.name, "0000:04:00.0", "by-hand", "eno49", 0, 7, "InUse"];
    expect(rows[0]?.cells.slice(0, -1)).to.deep.equal(expected);
  });

  it("has how many NICs a policy selects, how many are as it asks, and why not all", async () => {
    const { metadata } = await makePolicy(client, { priority: 10 });
    const { name, namespace = "" } = metadata;
    const conditions = [{ type: "Ready", status: "False", reason: "Incomplete", message: "m", lastTransitionTime }];
    const status = { conditions, matched: 7, ready: 6 };
    await client.merge(SRIOV_NETWORK_NODE_POLICY, name, { status }, { ...me, namespace, subresource: "status" });
    const { columnDefinitions, rows } = await table(
      `namespaces/${namespace}/sriovnetworknodepolicies/${name}`,
      SRIOV_NETWORK_API_VERSION,
    );
    const names = ["Name", "Resource", "VFs", "Priority", "Matched", "Ready", "Status", "Age"];
    expect(columnDefinitions.map(({ name }) => name)).to.deep.equal(names);
    expect(rows[0]?.cells.slice(0, -1)).to.deep.equal([name, "storage", 4, 10, 7, 6, "Incomplete"]);
  });

  it("has where a network's attachment is, and whether it is as the network says", async () => {
    const { metadata } = await makeNetwork(client, { resourceName: "storage", vlan: 100 });
    const { name, namespace = "" } = metadata;
    const conditions = [{ type: "Ready", status: "True", reason: "Attached", message: "m", lastTransitionTime }];
    const status = { conditions, networkAttachmentDefinition: "web/storage" };
    await client.merge(SRIOV_NETWORK, name, { status }, { ...me, namespace, subresource: "status" });
    const { columnDefinitions, rows } = await table(
      `namespaces/${namespace}/sriovnetworks/${name}`,
      SRIOV_NETWORK_API_VERSION,
    );
    const names = ["Name", "Resource", "VLAN", "Attachment", "Ready", "Status", "Age"];
    expect(columnDefinitions.map(({ name }) => name)).to.deep.equal(names);
    expect(rows[0]?.cells.slice(0, -1)).to.deep.equal([name, "storage", 100, "web/storage", "True", "Attached"]);
  });

  it("has a claim's columns as Harvester has them, and then whether it is carried out", async () => {
    const { columnDefinitions } = await table("pcideviceclaims");
    const harvesters = ["Address", "Node Name", "User Name", "Kernel Driver To Unbind", "Passthrough Enabled"];
    const names = ["Name", ...harvesters, "Ready", "Status", "Age"];
    expect(columnDefinitions.map(({ name }) => name)).to.deep.equal(names);
  });

  it("has a claim's old driver, and the reason of its Ready", async () => {
    const conditions = [{ type: "Ready", status: "True", reason: "Enabled", message: "m", lastTransitionTime }];
    const status = { kernelDriverToUnbind: "igbvf", passthroughEnabled: true, conditions };
    const { metadata, spec } = await writeClaimStatus(lab, await makeClaim(client), status);
    const { rows } = await table(`pcideviceclaims/${metadata.name}`);
    const expected = [metadata.name, spec.address, "node1", "alice", "igbvf", true, "True", "Enabled"];
    expect(rows[0]?.cells.slice(0, -1)).to.deep.equal(expected);
  });

  it("has a PCIDevice's columns as Harvester has them", async () => {
    const { columnDefinitions } = await table("pcidevices");
    const names = ["Name", "Address", "Vendor Id", "Device Id", "Node Name", "Description", "Kernel Driver In Use"];
    expect(columnDefinitions.map(({ name }) => name)).to.deep.equal(names);
  });
});
