import { expect } from "chai";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DeviceInfoFiles } from "../../../../reconciler/agent/advertise/device-info.js";
import type { PoolDevice } from "../../../../reconciler/agent/advertise/pools.js";

const device: PoolDevice = { address: "0000:04:10.0", needVhostNet: false, excludeTopology: false };

describe("files that tell Multus of devices", () => {
  let directory: string;
  let folder: string;
  let files: DeviceInfoFiles;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "devinfo-"));
    folder = join(directory, "devinfo", "dp");
    files = new DeviceInfoFiles(folder);
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const written = async (more: Partial<PoolDevice> = {}): Promise<unknown> => {
    await files.write("example.com/fast", [{ ...device, ...more }]);
    return JSON.parse(readFileSync(join(folder, "example.com-fast-0000:04:10.0-device.json"), "utf8"));
  };

  it("have the address, in a folder that is made", async () => {
    expect(await written()).to.deep.equal({ type: "pci", version: "1.1.0", pci: { "pci-address": "0000:04:10.0" } });
  });

  it("have the NIC's address, and the vhost device", async () => {
    const vf = { physicalFunction: "0000:04:00.0", index: 0 };
    expect(await written({ vf, needVhostNet: true })).to.deep.include({
      pci: { "pci-address": "0000:04:10.0", "pf-pci-address": "0000:04:00.0", "vhost-net": "/dev/vhost-net" },
    });
  });

  it("are written anew over those that are there", async () => {
    await written();
    await written();
    expect(readdirSync(folder)).to.have.length(1);
  });

  it("go when their device is offered no more, and others stay", async () => {
    await files.write("example.com/fast", [device, { ...device, address: "0000:04:10.2" }]);
    await files.write("example.com/fast-2", [device]);
    writeFileSync(join(folder, "example.com-fast-mine.json"), "{}");
    await files.keepOnly("example.com/fast", new Set(["0000:04:10.2"]));
    expect(readdirSync(folder).sort()).to.deep.equal([
      "example.com-fast-0000:04:10.2-device.json",
      "example.com-fast-2-0000:04:10.0-device.json",
      "example.com-fast-mine.json",
    ]);
  });

  it("need no folder to be none", async () => {
    await files.keepOnly("example.com/fast", new Set());
  });
});
