import { expect } from "chai";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PciIds } from "../../../reconciler/agent/pci/pci-ids.js";

const DATABASE = `# List of PCI IDs

8086  Intel Corporation
# A comment in the middle.
\t10ed  82599 Ethernet Controller Virtual Function
\t\t103c 17d2  A card of somebody's
\t154c  Ethernet Virtual Function 700 Series
10de  NVIDIA Corporation
\t10ed  Not Intel's
ffff  Illegal Vendor ID
C 02  Network controller
\t00  Ethernet controller
\t\t01  With an interface
C 06  Bridge
\t04  PCI bridge`;

describe("the pci.ids database", () => {
  let folder: string;
  let file: string;
  let errors: string[];
  let ids: PciIds;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "pci-ids-"));
    file = join(folder, "pci.ids");
    writeFileSync(file, DATABASE);
    errors = [];
    ids = new PciIds(file, (message) => errors.push(message));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const named = async (vendorId: string, deviceId: string, classId = "020000") =>
    (await ids.namesOf([{ vendorId, deviceId, classId }]))[0];

  it("names vendor, device, class and subclass", async () => {
    expect(await named("8086", "10ed")).to.deep.equal({
      vendor: "Intel Corporation",
      device: "82599 Ethernet Controller Virtual Function",
      class: "Network controller",
      subclass: "Ethernet controller",
    });
  });

  it("takes a device of its own vendor, where another has the same number", async () => {
    expect((await named("10de", "10ed"))?.device).to.equal("Not Intel's");
  });

  it("takes no subsystem for a device", async () => {
    expect(await named("8086", "103c")).not.to.have.property("device");
  });

  it("reads the last line, which no newline ends", async () => {
    expect((await named("8086", "10ed", "060400"))?.subclass).to.equal("PCI bridge");
  });

  it("leaves out what it has no entry for", async () => {
    expect(await named("abcd", "0001", "ff1200")).to.deep.equal({});
  });

  it("answers in the order of the question", async () => {
    const devices = ["154c", "10ed"].map((deviceId) => ({ vendorId: "8086", deviceId, classId: "020000" }));
    expect((await ids.namesOf(devices)).map(({ device }) => device)).to.deep.equal([
      "Ethernet Virtual Function 700 Series",
      "82599 Ethernet Controller Virtual Function",
    ]);
  });

  it("is not read again for what was asked before, entry or not", async () => {
    const before = [await named("8086", "10ed"), await named("abcd", "0001")];
    rmSync(file);
    expect([await named("8086", "10ed"), await named("abcd", "0001")]).to.deep.equal(before);
    expect(errors).to.deep.equal([]);
  });

  it("is read again for what was not", async () => {
    await named("8086", "10ed");
    expect((await named("8086", "154c"))?.device).to.equal("Ethernet Virtual Function 700 Series");
  });

  it("answers two who ask at once", async () => {
    const both = await Promise.all([named("8086", "10ed"), named("8086", "154c")]);
    expect(both.map((names) => names?.device)).to.deep.equal([
      "82599 Ethernet Controller Virtual Function",
      "Ethernet Virtual Function 700 Series",
    ]);
  });

  it("reads an entry that lies across the pieces in which the file comes", async () => {
    writeFileSync(file, `# ${"x".repeat(64 * 1_024 - 60)}\n${DATABASE}`);
    expect((await named("8086", "10ed"))?.device).to.equal("82599 Ethernet Controller Virtual Function");
  });

  describe("that cannot be read", () => {
    beforeEach(() => rmSync(file));

    it("has no names, and says once what to do", async () => {
      expect(await named("8086", "10ed")).to.deep.equal({});
      await named("8086", "10ed");
      expect(errors).to.have.length(1);
      expect(errors[0]).to.include(`${file} cannot be read`).and.to.include("ENOENT").and.to.include("--pci-ids");
    });

    it("is read once it can be", async () => {
      await named("8086", "10ed");
      writeFileSync(file, DATABASE);
      expect((await named("8086", "10ed"))?.vendor).to.equal("Intel Corporation");
    });
  });

  it("has no names where there is none", async () => {
    ids = new PciIds(undefined, (message) => errors.push(message));
    expect([await named("8086", "10ed"), errors]).to.deep.equal([{}, []]);
  });
});
