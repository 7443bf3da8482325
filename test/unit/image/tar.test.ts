import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { tarArchive, type TarEntry, tarPieces } from "../../../image/tar.js";

describe("a tar archive", () => {
  let scratch: string;

  beforeEach(() => {
    scratch = mkdtempSync(join(tmpdir(), "tar-"));
  });
  afterEach(() => rmSync(scratch, { recursive: true }));

  function unpacked(entries: readonly TarEntry[]): string {
    const file = join(scratch, "archive.tar");
    writeFileSync(file, tarArchive(entries));
    execFileSync("tar", ["-xf", file, "-C", scratch]);
    return scratch;
  }

  it("has files with their content, of whatever length", () => {
    const contents = [0, 1, 511, 512, 513, 70_000].map((length) => Buffer.alloc(length, "x"));
    const folder = unpacked(contents.map((file, index) => ({ path: `file${index}`, file })));
    contents.forEach((content, index) => {
      expect(readFileSync(join(folder, `file${index}`)).equals(content), `file${index}`).to.equal(true);
    });
  });

  it("has files that may be run, folders and links", () => {
    const folder = unpacked([
      { path: "bin", directory: true },
      { path: "bin/tool", file: Buffer.from("#!"), executable: true },
      { path: "bin/other", link: "tool" },
    ]);
    expect(statSync(join(folder, "bin", "tool")).mode & 0o111).to.not.equal(0);
    expect(readlinkSync(join(folder, "bin", "other"))).to.equal("tool");
  });

  it("is the same when it is written piece by piece, and files are read from disk", async () => {
    const content = Buffer.alloc(70_000, "x");
    const source = join(scratch, "source");
    writeFileSync(source, content);
    const others: TarEntry[] = [
      { path: "bin", directory: true },
      { path: "bin/other", link: "tool" },
    ];
    const pieces: Buffer[] = [];
    for await (const piece of tarPieces([...others, { path: "bin/tool", source, executable: true }]))
      pieces.push(piece);
    const whole = tarArchive([...others, { path: "bin/tool", file: content, executable: true }]);
    expect(Buffer.concat(pieces).equals(whole)).to.equal(true);
  });

  it("does not cut a path that is too long for it", () => {
    const path = "x".repeat(101);
    expect(() => tarArchive([{ path, file: Buffer.alloc(0) }])).to.throw(RangeError, `${path} is too long`);
  });
});
