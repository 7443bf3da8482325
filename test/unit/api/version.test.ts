import { expect } from "chai";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { VERSION } from "../../../api/version.js";

const repository = join(__dirname, "..", "..", "..", "..");
const read = (file: string): string => readFileSync(join(repository, file), "utf8");

describe("the version", () => {
  for (const file of ["package.json", "policy/package.json"]) {
    it(`is that of ${file}`, () => {
      expect((JSON.parse(read(file)) as { readonly version: string }).version).to.equal(VERSION);
    });
  }
});
