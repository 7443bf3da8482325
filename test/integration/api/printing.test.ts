import { expect } from "chai";
import { DEVICES_API_VERSION } from "../../../api/names.js";
import type { KubeClient } from "../../../kube/client.js";
import type { Lab } from "../../../lab/lab.js";
import { sharedLab } from "../../shared-lab.js";
import { makeDevice, writeStatus } from "./device.js";

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
  before(async () => {
    lab = await sharedLab();
    client = lab.client;
  });

  async function table(path: string): Promise<Table> {
    const accept = "application/json;as=Table;v=v1;g=meta.k8s.io";
    return (await client.raw({ method: "GET", path: `/apis/${DEVICES_API_VERSION}/${path}`, accept })) as Table;
  }

  for (const [plural, shortName] of [
    ["sriovnetworkdevices", "srnd"],
    ["pcidevices", "pcid"],
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
    const lastTransitionTime = "2026-01-01T00:00:00Z";
    const conditions = [{ type: "Ready", status: "False", reason: "InUse", message: "m", lastTransitionTime }];
    const status = { totalVFs: 7, interfaceName: "eno49", conditions };
    const { metadata } = await writeStatus(lab, await makeDevice(client), status);
    const { rows } = await table(`sriovnetworkdevices/${metadata.name}`);
    const expected = [metadata.name, "0000:04:00.0", "by-hand", "eno49", 0, 7, "InUse"];
    expect(rows[0]?.cells.slice(0, -1)).to.deep.equal(expected);
  });

  it("has a PCIDevice's columns as Harvester has them", async () => {
    const { columnDefinitions } = await table("pcidevices");
    const names = ["Name", "Address", "Vendor Id", "Device Id", "Node Name", "Description", "Kernel Driver In Use"];
    expect(columnDefinitions.map(({ name }) => name)).to.deep.equal(names);
  });
});
