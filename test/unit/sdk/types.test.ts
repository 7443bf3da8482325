import { expect } from "chai";
import { readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";

const ENTRIES = ["sdk/index", "provider/index"];
const ROOT = join(__dirname, "..", "..", "..");

/** The text of a declaration and of those that it imports, each of ours once. */
function declarationsOf(declaration: string, seen = new Map<string, string>()): ReadonlyMap<string, string> {
  if (seen.has(declaration)) return seen;
  const text = readFileSync(declaration, "utf8");
  seen.set(declaration, text);
  for (const name of importedBy(text))
    if (name.startsWith(".")) declarationsOf(resolve(dirname(declaration), name.replace(/\.js$/, ".d.ts")), seen);
  return seen;
}

function importedBy(text: string): string[] {
  return [...text.matchAll(/(?:\bfrom |\bimport\(|^import )"([^"]+)"[;)]/gm)].map(([, name = ""]) => name);
}

const DECLARATIONS = ENTRIES.flatMap((entry) => [...declarationsOf(join(ROOT, `${entry}.d.ts`))]);

describe("the package's types", () => {
  it("name no other package than Pulumi's, so that a program compiles by them in any module format", () => {
    const named = new Set(DECLARATIONS.flatMap(([, text]) => importedBy(text)));
    expect([...named].filter((name) => !/^(node:|\.)/.test(name))).to.deep.equal(["@pulumi/pulumi"]);
  });

  it("import no default, which a program without esModuleInterop can't", () => {
    const defaults = DECLARATIONS.filter(([, text]) => /^import (type )?\w+ from /m.test(text));
    expect(defaults.map(([file]) => relative(ROOT, file))).to.deep.equal([]);
  });
});
