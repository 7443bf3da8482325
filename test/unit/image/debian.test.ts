import { expect } from "chai";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { debianPackages } from "../../../image/packages/debian.js";

describe("whose a file of an unpacked Debian package is", () => {
  let root = "";

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "unpacked-"));
    file("var/lib/dpkg/status", control("libtool-free2", "1:2.5+b1"));
    file("var/lib/dpkg/info/libtool-free2.list", "/.\n/lib\n/lib/libfree.so.2\n");
    file("lib/libfree.so.2", "");
  });
  afterEach(() => rmSync(root, { recursive: true }));

  function file(path: string, text: string): string {
    const place = join(root, path);
    mkdirSync(dirname(place), { recursive: true });
    writeFileSync(place, text);
    return place;
  }

  it("is told with name, version and architecture", () => {
    const [found, ...others] = debianPackages([join(root, "lib/libfree.so.2")]);
    expect(others).to.deep.equal([]);
    expect(found).to.include({ name: "libtool-free2", version: "1:2.5+b1", architecture: "amd64" });
  });

  it("is told of a path below /usr that the package knows without", () => {
    const found = debianPackages([file("usr/lib/libfree.so.2", "")]);
    expect(found.map(({ name }) => name)).to.deep.equal(["libtool-free2"]);
  });

  it("is nobody's where no package has brought it", () => {
    expect(debianPackages([file("lib/libown.so", "")])).to.deep.equal([]);
  });

  it("is told with its copyright", () => {
    const copyright = file("usr/share/doc/libtool-free2/copyright", "free");
    expect(debianPackages([join(root, "lib/libfree.so.2")])[0]?.copyright).to.equal(copyright);
  });

  it("is told with the copyright of an installed package whose documents are its own", () => {
    mkdirSync(join(root, "usr/share/doc"), { recursive: true });
    symlinkSync("libc6", join(root, "usr/share/doc/libtool-free2"));
    const [found] = debianPackages([join(root, "lib/libfree.so.2")]);
    expect(found?.copyright).to.equal("/usr/share/doc/libc6/copyright");
  });
});

function control(name: string, version: string): string {
  const fields = {
    Package: name,
    Status: "install ok unpacked",
    Maintainer: "nobody <>",
    Architecture: "amd64",
    Version: version,
  };
  return `${Object.entries({ ...fields, Description: "free" })
    .map(([key, value]) => `${key}: ${value}\n`)
    .join("")}\n`;
}
