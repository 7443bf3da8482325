import { expect } from "chai";
import { readPreview } from "../../../cli/impact/preview.js";
import { previewText, step } from "./previews.js";

describe("a preview's JSON", () => {
  const refused = (text: string): string => {
    try {
      readPreview(text);
    } catch (error) {
      return (error as Error).message;
    }
    return "read";
  };

  it("is read step by step, with what the states say", () => {
    const { steps, config } = readPreview(previewText({ steps: [step("update", { oldInputs: { numVfs: 4 } })] }));
    expect(steps.map(({ op }) => op)).to.deep.equal(["same", "update"]);
    expect(steps[1]?.oldState).to.deep.equal({ id: "x", inputs: { numVfs: 4 }, outputs: { numVfs: 4 } });
    expect(config).to.deep.equal({ "net:n": "1" });
  });

  it("has neither steps nor diagnostics where there are none", () => {
    expect(readPreview('{"changeSummary": {}}')).to.deep.equal({ steps: [], diagnostics: [], config: {} });
  });

  it("is not an empty text, as of a preview that failed before it began", () => {
    expect(refused("\n")).to.contain("the input is empty").and.to.contain("pulumi preview --json");
  });

  it("is not what other words stand before, which are shown", () => {
    expect(refused("Previewing update (dev):\n{}")).to.contain('it begins with "Previewing update (dev):"');
  });

  it("is no other JSON document", () => {
    for (const text of ["{}", "[]", "null", "3", '{"version": 3, "deployment": {}}'])
      expect(refused(text)).to.contain("not what pulumi preview --json prints");
  });

  it("is no preview that was broken off", () => {
    expect(refused('{"steps": []}')).to.contain("the preview was broken off");
    const warned = [{ message: "warning: slow", severity: "warning" }];
    expect(refused(JSON.stringify({ steps: [], diagnostics: warned }))).to.contain("the preview was broken off");
    const failed = [{ message: "error: no node", severity: "error" }];
    expect(refused(JSON.stringify({ steps: [], diagnostics: failed }))).to.equal("read");
  });
});
