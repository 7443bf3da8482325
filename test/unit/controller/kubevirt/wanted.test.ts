import { expect } from "chai";
import type { PciDeviceClaim, PciDeviceClaimStatus } from "../../../../api/pci-device-claim.js";
import type { PciDevice, PciDeviceStatus } from "../../../../api/pci-device.js";
import type { KubeClient, ObjectList, Selector } from "../../../../kube/client.js";
import { DeviceSelectors } from "../../../../reconciler/controller/kubevirt/device-selectors.js";
import { wantedOf } from "../../../../reconciler/controller/kubevirt/wanted.js";

const NAME = "intel.com/82576_VF";
const term = new AbortController().signal;

function claim(name: string, status?: PciDeviceClaimStatus, deleted = false): PciDeviceClaim {
  const spec = { address: "0000:04:10.0", nodeName: "node1", userName: "alice" };
  const metadata = { name, uid: `uid-${name}`, ...(deleted && { deletionTimestamp: "2026-01-01T00:00:00Z" }) };
  return { metadata, spec, ...(status && { status }) };
}

const enabled = { passthroughEnabled: true, resourceName: NAME };

describe("what claims want virtual machines to be permitted", () => {
  const selectorOf = ({ metadata }: PciDeviceClaim): string | undefined => {
    if (metadata.name.startsWith("unknown")) return undefined;
    return metadata.name.startsWith("x") ? "8086:10ED" : "8086:10CA";
  };
  const ours = { pciVendorSelector: "8086:10CA", resourceName: NAME };
  const cases = [
    ["nothing of a claim that nobody has answered", [claim("a")], []],
    ["nothing of a claim that is refused", [claim("a", { ...enabled, passthroughEnabled: false })], []],
    [
      "nothing of Harvester's claims, whose names its own controller permits",
      [claim("a", { passthroughEnabled: true })],
      [],
    ],
    ["nothing of a claim without a name", [claim("a", { ...enabled, resourceName: "" })], []],
    ["what a claim offers", [claim("a", enabled)], [ours]],
    ["what a claim offers that is being released", [claim("a", enabled, true)], [ours]],
    ["one entry of a pool, however many share it", [claim("a", enabled), claim("b", enabled)], [ours]],
    [
      "one entry for each kind of device in a pool",
      [claim("x", enabled), claim("a", enabled)],
      [ours, { ...ours, pciVendorSelector: "8086:10ED" }],
    ],
  ] as const;
  for (const [what, claims, entries] of cases) {
    it(`is ${what}`, () => expect(wantedOf(claims, selectorOf).entries).to.deep.equal(entries));
  }

  it("is not decided for the name of a device that is not known", () => {
    const { entries, undecided } = wantedOf([claim("unknown", enabled), claim("a", enabled)], selectorOf);
    expect(entries).to.deep.equal([ours]);
    expect([...undecided]).to.deep.equal([NAME]);
  });
});

describe("the kinds of claimed devices", () => {
  let asked: string[];
  let devices: Map<string, Partial<PciDeviceStatus>>;
  let selectors: DeviceSelectors;
  beforeEach(() => {
    asked = [];
    devices = new Map([["a", { vendorId: "8086", deviceId: "10ca" }]]);
    const list = (_: unknown, { fields }: Selector): Promise<ObjectList<PciDevice>> => {
      const name = fields?.["metadata.name"] ?? "";
      asked.push(name);
      const status = devices.get(name);
      const items = status === undefined ? [] : [{ metadata: { name }, status } as PciDevice];
      return Promise.resolve({ metadata: { resourceVersion: "1" }, items });
    };
    selectors = new DeviceSelectors({ list } as unknown as KubeClient);
  });

  it("are told as KubeVirt's own documents write them", async () => {
    await selectors.learn([claim("a", enabled)], term);
    expect(selectors.of(claim("a", enabled))).to.equal("8086:10CA");
  });

  it("are asked for once", async () => {
    await selectors.learn([claim("a", enabled)], term);
    await selectors.learn([claim("a", enabled)], term);
    expect(asked).to.deep.equal(["a"]);
  });

  it("are asked for again where the name has changed, since other hardware may be at the address", async () => {
    await selectors.learn([claim("a", enabled)], term);
    devices.set("a", { vendorId: "15b3", deviceId: "1018" });
    const other = claim("a", { ...enabled, resourceName: "mellanox.com/CX5" });
    await selectors.learn([other], term);
    expect(selectors.of(other)).to.equal("15B3:1018");
  });

  it("are not known where there is no PCIDevice, or where nothing is reported of it", async () => {
    devices.set("b", { vendorId: "", deviceId: "" });
    await selectors.learn([claim("none", enabled), claim("b", enabled)], term);
    expect([selectors.of(claim("none", enabled)), selectors.of(claim("b", enabled))]).to.deep.equal([
      undefined,
      undefined,
    ]);
  });
});
