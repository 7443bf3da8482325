import { expect } from "chai";
import { billOfMaterials } from "../../../image/bill-of-materials.js";

describe("a bill of materials", () => {
  const release = { id: "debian", version: "12" };
  const debian = {
    name: "libstdc++6",
    version: "1:12.2+deb12u1",
    architecture: "amd64",
    control: "",
    copyright: undefined,
  };
  const none = { bundled: [], debian: [], release, others: {} };

  const componentsOf = (text: string): Component[] => (JSON.parse(text) as { components: Component[] }).components;

  it("names packages of npm as package URLs do", () => {
    const bundled = [{ name: "@scope/name", version: "1.2.3", license: "MIT OR Apache-2.0", texts: [] }];
    const [, component] = componentsOf(billOfMaterials({ ...none, bundled }));
    expect(component).to.include({ name: "@scope/name", version: "1.2.3", purl: "pkg:npm/%40scope/name@1.2.3" });
    expect(component?.licenses).to.deep.equal([{ expression: "MIT OR Apache-2.0" }]);
  });

  it("names Debian's packages as package URLs do", () => {
    const [, component] = componentsOf(billOfMaterials({ ...none, debian: [debian] }));
    const purl = "pkg:deb/debian/libstdc%2B%2B6@1%3A12.2%2Bdeb12u1?arch=amd64&distro=debian-12";
    expect(component).to.include({ name: "libstdc++6", version: "1:12.2+deb12u1", purl });
  });

  it("names Node by its version and digest, with what is linked into it", () => {
    const [node] = componentsOf(billOfMaterials(none));
    expect(node).to.include({ name: "node", version: process.versions.node });
    expect(node?.hashes?.[0]?.content).to.match(/^[0-9a-f]{64}$/);
    const openssl = { type: "library", name: "openssl", version: process.versions.openssl };
    expect(node?.components).to.deep.include(openssl);
  });

  it("names a file of no known package by its digest", () => {
    const [, component] = componentsOf(billOfMaterials({ ...none, others: { "/lib/libown.so": "/dev/null" } }));
    // Of nothing.
    const content = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    expect(component).to.deep.include({ type: "file", name: "/lib/libown.so", hashes: [{ alg: "SHA-256", content }] });
  });

  it("has no two components of one name for references", () => {
    const text = billOfMaterials({
      ...none,
      debian: [debian],
      others: { "/lib/a": "/dev/null", "/lib/b": "/dev/null" },
    });
    const references = componentsOf(text).map((component) => component["bom-ref"]);
    expect(new Set(references).size).to.equal(4);
  });

  it("is the same text each time", () => {
    expect(billOfMaterials(none)).to.equal(billOfMaterials(none));
  });
});

interface Component {
  readonly "bom-ref": string;
  readonly hashes?: readonly { readonly content: string }[];
  readonly licenses?: readonly object[];
  readonly components?: readonly object[];
}
