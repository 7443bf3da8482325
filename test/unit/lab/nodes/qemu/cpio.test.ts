import { expect } from "chai";
import { cpioArchive } from "../../../../../lab/nodes/qemu/cpio.js";

interface Entry {
  readonly name: string;
  readonly mode: string;
  readonly body: string;
}

/** Reads an archive by the format's own rules: headers and bodies begin at multiples of four. */
function read(archive: Buffer): Entry[] {
  const entries: Entry[] = [];
  for (let offset = 0; ;) {
    expect(archive.toString("latin1", offset, offset + 6)).to.equal("070701");
    const field = (index: number) =>
      parseInt(archive.toString("latin1", offset + 6 + 8 * index, offset + 14 + 8 * index), 16);
    const [mode, size, nameSize] = [field(1), field(6), field(11)];
    const name = archive.toString("utf8", offset + 110, offset + 110 + nameSize - 1);
    const start = roundUp(offset + 110 + nameSize);
    if (name === "TRAILER!!!") return entries;
    entries.push({ name, mode: mode.toString(8), body: archive.toString("utf8", start, start + size) });
    offset = roundUp(start + size);
  }
}

const roundUp = (offset: number) => Math.ceil(offset / 4) * 4;

describe("cpio archive", () => {
  it("holds files, links and directories with their modes", () => {
    const archive = cpioArchive([
      { path: "a", file: Buffer.from("text") },
      { path: "b", file: Buffer.from("run"), executable: true },
      { path: "c", link: "b" },
      { path: "d", directory: true },
    ]);
    expect(read(archive)).to.deep.equal([
      { name: "a", mode: "100644", body: "text" },
      { name: "b", mode: "100755", body: "run" },
      { name: "c", mode: "120777", body: "b" },
      { name: "d", mode: "40755", body: "" },
    ]);
  });

  it("puts each missing parent once before its first child", () => {
    const file = Buffer.alloc(0);
    const names = read(
      cpioArchive([
        { path: "/x/y/1", file },
        { path: "/x/y/2", file },
        { path: "/x", directory: true },
      ]),
    );
    expect(names.map(({ name }) => name)).to.deep.equal(["x", "x/y", "x/y/1", "x/y/2"]);
  });

  for (const length of [0, 1, 2, 3, 4, 5]) {
    it(`keeps what follows a file of ${length} bytes in place`, () => {
      const entries = read(
        cpioArchive([
          { path: "f".repeat(length + 1), file: Buffer.alloc(length, "x") },
          { path: "z", link: "f" },
        ]),
      );
      expect(entries.map(({ body }) => body)).to.deep.equal(["x".repeat(length), "f"]);
    });
  }

  it("can be followed by another archive", () => {
    expect(cpioArchive([{ path: "a", file: Buffer.from("1") }]).length % 4).to.equal(0);
  });
});
