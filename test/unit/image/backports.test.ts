import { expect } from "chai";
import { type AptSource, backportsSources } from "../../../image/packages/backports.js";

const deb822 = (text: string): AptSource => ({ format: "deb822", text });
const list = (text: string): AptSource => ({ format: "list", text });

describe("backports suite from the machine's apt sources", () => {
  it("keeps mirror, components and key of a deb822 stanza", () => {
    const source = deb822(
      "Types: deb deb-src\n# a comment\nURIs: http://mirror.test/debian\nSuites: bookworm bookworm-updates\n" +
        "Components: main\nSigned-By: /usr/share/keyrings/debian.gpg\n",
    );
    expect(backportsSources([source], "bookworm")).to.deep.equal([
      deb822(
        "Types: deb\nURIs: http://mirror.test/debian\nSuites: bookworm-backports\n" +
          "Components: main\nSigned-By: /usr/share/keyrings/debian.gpg\n",
      ),
    ]);
  });

  it("keeps the lines of a key that stands in the stanza itself", () => {
    const key = "Signed-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mQ\n -----END PGP PUBLIC KEY BLOCK-----";
    const source = deb822(`Types: deb\nURIs: http://mirror.test/debian\nSuites: bookworm\nComponents: main\n${key}\n`);
    expect(backportsSources([source], "bookworm")[0]?.text).to.include(key);
  });

  it("keeps mirror, components and options of a one-line entry", () => {
    const source = list("deb [arch=amd64 signed-by=/k.gpg] http://mirror.test/debian bookworm main contrib\n");
    expect(backportsSources([source], "bookworm")).to.deep.equal([
      list("deb [arch=amd64 signed-by=/k.gpg] http://mirror.test/debian bookworm-backports main contrib\n"),
    ]);
  });

  it("leaves out the security archive, which has no backports", () => {
    const sources = [
      list("deb http://mirror.test/debian-security bookworm-security main\n"),
      deb822("Types: deb\nURIs: http://mirror.test/debian-security\nSuites: bookworm-security\nComponents: main\n"),
    ];
    expect(backportsSources(sources, "bookworm")).to.deep.equal([]);
  });

  it("leaves out sources of source code, entries that are commented out and stanzas that are disabled", () => {
    const sources = [
      list("deb-src http://mirror.test/debian bookworm main\n# deb http://mirror.test/debian bookworm main\n"),
      deb822("Types: deb-src\nURIs: http://mirror.test/debian\nSuites: bookworm\nComponents: main\n"),
      deb822("Enabled: no\nTypes: deb\nURIs: http://mirror.test/debian\nSuites: bookworm\nComponents: main\n"),
    ];
    expect(backportsSources(sources, "bookworm")).to.deep.equal([]);
  });

  it("adds nothing where the machine has backports already", () => {
    const sources = [
      list("deb http://a.test/debian bookworm main\ndeb http://b.test/debian bookworm-backports main\n"),
    ];
    expect(backportsSources(sources, "bookworm")).to.deep.equal([]);
  });

  it("adds nothing where the system has no codename", () => {
    expect(backportsSources([list("deb http://mirror.test/debian sid main\n")], "")).to.deep.equal([]);
  });
});
