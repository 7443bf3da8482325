import { expect } from "chai";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { VERSION } from "../../../api/version.js";

const REPOSITORY = join(__dirname, "..", "..", "..", "..");
const EXAMPLES = join(REPOSITORY, "examples");

interface PackageJson {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

// In the repository's folder programs find its packages; somebody who copies one has what it names, and nothing else.
for (const example of readdirSync(EXAMPLES).filter((name) => name !== "github-actions")) {
  describe(`examples/${example}`, () => {
    const named = readJson(join(EXAMPLES, example, "package.json")) as PackageJson;
    const ours = readJson(join(REPOSITORY, "package.json")) as PackageJson;

    it("asks for this version of the package", () => {
      expect(named.dependencies["pulumi-sriov"]).to.equal(`^${VERSION}`);
    });

    it("brings the compiler that its tsconfig.json is for, since Pulumi's own is older", () => {
      expect(named.devDependencies["typescript"]).to.equal(majorOf(ours.devDependencies["typescript"]));
      expect(named.devDependencies["@types/node"]).to.equal(majorOf(ours.devDependencies["@types/node"]));
    });
  });
}

describe("README.md", () => {
  it("names the package's file as npm pack does", () => {
    const readme = readFileSync(join(REPOSITORY, "README.md"), "utf8");
    const files = readme.match(/pulumi-sriov-[\d.]+\.tgz/g);
    expect([...new Set(files)]).to.deep.equal([`pulumi-sriov-${VERSION}.tgz`]);
  });
});

/** Any version of the same major one. */
function majorOf(version = ""): string {
  return `^${version.split(".")[0] ?? ""}.0.0`;
}

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(file, "utf8"));
}
