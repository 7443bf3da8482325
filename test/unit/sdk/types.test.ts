import { expect } from "chai";
import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

const ENTRIES = ["sdk/index", "provider/index"];
const ROOT = join(__dirname, "..", "..", "..");

/** The packages that a declaration and those that it imports name, each of ours looked at once. */
function packagesNamed(declaration: string, seen = new Set<string>()): string[] {
  if (seen.has(declaration)) return [];
  seen.add(declaration);
  const text = readFileSync(declaration, "utf8");
  const imported = [...text.matchAll(/(?:\bfrom |\bimport\(|^import )"([^"]+)"[;)]/gm)].map(([, name = ""]) => name);
  return imported.flatMap((name) =>
    name.startsWith(".") ? packagesNamed(resolve(dirname(declaration), name.replace(/\.js$/, ".d.ts")), seen) : [name],
  );
}

describe("the package's types", () => {
  it("name no other package than Pulumi's, so that a program compiles by them in any module format", () => {
    const named = new Set(ENTRIES.flatMap((entry) => packagesNamed(join(ROOT, `${entry}.d.ts`))));
    expect([...named].filter((name) => !name.startsWith("node:"))).to.deep.equal(["@pulumi/pulumi"]);
  });
});
