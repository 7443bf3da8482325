import { expect } from "chai";
import { Sandbox } from "./sandbox.js";

describe("stand-in engine: components", function () {
  this.timeout(120_000);
  let box: Sandbox;
  beforeEach(async () => (box = await Sandbox.withStack()));
  afterEach(() => box.remove());

  const a = { name: "a", args: { name: "a", value: "one" } };

  it("runs a component's transforms on what is below it", async () => {
    const transform = { args: { value: "two" }, opts: { retainOnDelete: true } };
    await box.mustUp({ name: "group", component: true, transform }, { ...a, parent: "group" });
    expect(box.resource("a")).to.deep.include({ retainOnDelete: true, parent: box.resource("group")?.urn });
    expect(box.resource("a")?.inputs).to.include({ value: "two" });
  });

  it("runs a resource's own transforms first, then its parent's, then the stack's", async () => {
    box.configure({ stackTransform: { args: { label: "stack" } } });
    const parent = { args: { value: "parent", label: "parent" } };
    const own = { args: { name: "own", value: "own", label: "own" } };
    await box.mustUp({ name: "group", component: true, transform: parent }, { ...a, parent: "group", transform: own });
    expect(box.resource("a")?.inputs).to.include({ name: "own", value: "parent", label: "stack" });
  });

  it("leaves the children of a renamed component with an alias as they are", async () => {
    await box.mustUp({ name: "group", component: true }, { ...a, parent: "group" });
    box.calls();
    const renamed = { name: "crowd", component: true, opts: { aliases: [{ name: "group" }] } };
    expect(await box.mustUp(renamed, { ...a, parent: "crowd" })).to.contain("    3 unchanged\n");
    expect(box.changes()).to.deep.equal([]);
  });

  it("changes of a component's children only what --target names", async () => {
    const group = { name: "group", component: true };
    const child = (name: string, value: string) => ({ name, args: { name, value }, parent: "group" });
    await box.mustUp(group, child("a", "one"), child("b", "one"));
    box.calls();
    box.declare(group, child("a", "two"), child("b", "two"));
    await box.must("up", "--yes", "--skip-preview", "--target", box.resource("a")?.urn ?? "");
    expect(box.changes()).to.deep.equal(["update a-1"]);
  });
});
