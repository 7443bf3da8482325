import { expect } from "chai";
import { Sandbox } from "./sandbox.js";

describe("stand-in engine: refresh", function () {
  this.timeout(120_000);
  let box: Sandbox;
  beforeEach(async () => {
    box = await Sandbox.withStack();
    await box.mustUp(
      { name: "a", args: { name: "a", value: "one" } },
      { name: "b", args: { name: "b" }, dependsOn: ["a"] },
    );
    box.calls();
  });
  afterEach(() => box.remove());

  it("sees that an object drifted, and keeps what it found", async () => {
    box.edit("a-1", { value: "edited" });
    expect(await box.must("refresh", "--yes", "--skip-preview")).to.contain("    ~ 1 updated\n");
    expect(box.resource("a")?.outputs).to.include({ value: "edited" });
  });

  it("lets the next up repair the drift", async () => {
    box.edit("a-1", { value: "edited" });
    await box.must("refresh", "--yes", "--skip-preview");
    box.calls();
    await box.mustUp();
    expect(box.changes()).to.deep.equal(["update a-1"]);
  });

  it("forgets an object that is gone, and dependencies on it", async () => {
    box.vanish("a-1");
    expect(await box.must("refresh", "--yes", "--skip-preview")).to.contain("    - 1 deleted\n");
    expect([box.resource("a"), box.resource("b")?.dependencies ?? []]).to.deep.equal([undefined, []]);
  });

  it("says that nothing drifted", async () => {
    expect(await box.must("refresh", "--yes", "--skip-preview")).to.contain("    3 unchanged\n");
  });

  it("changes nothing with --preview-only", async () => {
    box.edit("a-1", { value: "edited" });
    expect(await box.must("refresh", "--preview-only")).to.contain("    ~ 1 to update\n");
    expect(box.resource("a")?.outputs).to.include({ value: "one" });
  });

  it("comes first in up --refresh", async () => {
    box.edit("a-1", { value: "edited" });
    await box.must("up", "--yes", "--skip-preview", "--refresh");
    expect(box.changes()).to.deep.equal(["update a-1"]);
  });
});
