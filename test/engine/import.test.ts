import { expect } from "chai";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Properties } from "../../lab/engine/values.js";
import { Sandbox } from "./sandbox.js";

const QUIETLY = ["--yes", "--skip-preview", "--generate-code=false"];

/** What is measured here of `pulumi import --file` and `pulumi state` holds of Pulumi's own engine as well. */
describe("stand-in engine: resources that are there already", function () {
  this.timeout(120_000);
  let box: Sandbox;
  let document: { readonly inputs?: Properties | undefined };
  const a = { name: "a", args: { name: "a", value: "one" } };
  const urn = "urn:pulumi:dev::things::pulumi-nodejs:dynamic/test:Thing::a";

  /** Texts of the state: without the thing `a`, which is there nevertheless, and with it. */
  let [without, withIt] = ["", ""];

  before(async () => {
    box = await Sandbox.withStack();
    await box.mustUp(a);
    withIt = readFileSync(box.stateFile, "utf8");
    const { type, id, inputs, outputs } = box.resource("a") ?? {};
    document = { type, name: "a", id, inputs, outputs } as typeof document;
    await box.must("state", "delete", urn, "--yes");
    without = readFileSync(box.stateFile, "utf8");
  });
  beforeEach(() => {
    writeFileSync(box.stateFile, without);
    writeDocument(document);
    box.calls();
  });
  after(() => box.remove());

  function writeDocument(...resources: object[]): void {
    writeFileSync(join(box.program, "import.json"), JSON.stringify({ resources }));
  }

  const imported = (...flags: string[]): Promise<string> =>
    box.must("import", "--file", "import.json", ...QUIETLY, ...flags);

  describe("import --file", () => {
    it("puts the resource on record as the document has it, and asks the provider for nothing but a check", async () => {
      expect(await imported()).to.contain("    = 1 imported\n");
      expect(box.resource("a")).to.include({ urn, id: "a-1", protect: true });
      expect(box.resource("a")?.outputs).to.include({ generation: 1, value: "one" });
      const asked = box.calls().map(({ call }) => call);
      expect(asked.filter((call) => call !== "configure" && call !== "check")).to.deep.equal([]);
    });

    it("leaves nothing to do for a program that says the same", async () => {
      await imported("--protect=false");
      const { status, stdout } = await box.run("preview", "--expect-no-changes");
      expect([status, stdout.includes("    2 unchanged\n")]).to.deep.equal([0, true]);
    });

    it("does nothing where the resource is on record with the same id", async () => {
      await imported();
      expect(await imported())
        .to.contain("    2 unchanged\n")
        .and.not.to.contain("import");
    });

    it("fails where another object stands under the name", async () => {
      await imported();
      writeDocument({ ...document, id: "a-2" });
      const { status, stdout } = await box.run("import", "--file", "import.json", ...QUIETLY);
      expect(status).to.not.equal(0);
      expect(stdout).to.contain(`resource '${urn}' already exists`);
      expect(box.resource("a")?.id).to.equal("a-1");
    });

    it("warns of inputs that the provider refuses, and imports all the same", async () => {
      const { inputs } = document;
      writeDocument({ ...document, inputs: { ...inputs, value: "bad" } });
      const text = await imported();
      expect(text).to.contain("One or more imported inputs failed to validate").and.to.contain("must not be bad");
      expect(box.resource("a")?.id).to.equal("a-1");
    });

    it("ends with an error where it is to write a program, after the import", async () => {
      const { status, stderr } = await box.run("import", "--file", "import.json", "--yes", "--skip-preview");
      expect(status).to.not.equal(0);
      expect(stderr).to.contain("GetSchema is not implemented by the dynamic provider");
      expect(box.resource("a")?.id).to.equal("a-1");
    });
  });

  describe("state", () => {
    beforeEach(() => writeFileSync(box.stateFile, withIt));

    it("delete refuses what is protected, until told to", async () => {
      expect(await box.must("state", "protect", urn, "--yes")).to.equal("1 resources protected\n");
      const { status, stderr } = await box.run("state", "delete", urn, "--yes");
      expect([status, stderr.includes("because it is protected")]).to.deep.equal([1, true]);
      expect(await box.must("state", "delete", urn, "--yes", "--force")).to.equal("Resource deleted\n");
      expect(box.resource("a")).to.equal(undefined);
      expect(box.cloud()).to.deep.equal(["a-1"]);
    });

    it("unprotect lets it be deleted", async () => {
      await box.must("state", "protect", urn, "--yes");
      expect(await box.must("state", "unprotect", urn, "--yes")).to.equal("1 resources unprotected\n");
      await box.must("state", "delete", urn, "--yes");
      expect(box.resource("a")).to.equal(undefined);
    });

    it("rename changes the URN alone", async () => {
      const before = box.resource("a")?.outputs;
      expect(await box.must("state", "rename", urn, "b", "--yes")).to.equal("Resource renamed\n");
      expect(box.resource("b")?.outputs).to.deep.equal(before);
      expect(await box.mustUp({ ...a, name: "b" })).to.contain("    2 unchanged\n");
    });

    it("names what is not on record", async () => {
      const { status, stderr } = await box.run("state", "delete", `${urn}x`, "--yes");
      expect([status, stderr.includes(`No such resource "${urn}x" exists in the current state`)]).to.deep.equal([
        1,
        true,
      ]);
    });

    it("delete refuses what others need", async () => {
      const provider = box.deployment().resources?.find(({ type }) => type.startsWith("pulumi:providers:"))?.urn ?? "";
      const { stderr } = await box.run("state", "delete", provider, "--yes");
      expect(stderr).to.contain("because the following resources depend on it:").and.to.contain(urn);
    });
  });
});
