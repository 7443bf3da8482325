import { expect } from "chai";
import { Sandbox } from "./sandbox.js";

describe("stand-in engine: the life of a resource", function () {
  this.timeout(120_000);
  let box: Sandbox;
  beforeEach(async () => (box = await Sandbox.withStack()));
  afterEach(() => box.remove());

  const a = (args: Record<string, unknown> = {}, opts: Record<string, unknown> = {}) => ({
    name: "a",
    args: { name: "a", value: "one", ...args },
    opts,
  });

  it("creates what is declared and keeps it in the state", async () => {
    const output = await box.mustUp(a());
    expect(output).to.contain("    + 2 created\n");
    expect(box.resource("a")).to.include({ id: "a-1", type: "pulumi-nodejs:dynamic/test:Thing" });
    expect(box.resource("a")?.outputs).to.include({ generation: 1, label: "default" });
  });

  it("serializes a provider module as a call of require", async () => {
    await box.mustUp(a());
    expect(box.resource("a")?.inputs?.["__provider"]).to.contain('require("thing-provider/provider.js")');
  });

  it("gives the provider the configuration of every namespace", async () => {
    await box.must("config", "set", "other:region", "north");
    box.configure({ region: "south" });
    await box.mustUp(a());
    expect(box.resource("a")?.outputs).to.include({ region: "south" });
  });

  it("does nothing when nothing changed", async () => {
    await box.mustUp(a());
    box.calls();
    expect(await box.mustUp()).to.contain("    2 unchanged\n");
    expect(box.changes()).to.deep.equal([]);
  });

  it("updates in place, and passes old outputs and new inputs", async () => {
    await box.mustUp(a());
    box.calls();
    const output = await box.mustUp(a({ value: "two" }));
    const update = box.calls().find(({ call }) => call === "update");
    expect(update?.olds).to.include({ value: "one", generation: 1 });
    expect(update?.news).to.include({ value: "two" });
    expect(output).to.contain("Thing a updating (0s) [diff: ~value]");
  });

  it("gives check the old inputs, and diff the old outputs", async () => {
    await box.mustUp(a());
    box.calls();
    await box.mustUp(a({ value: "two" }));
    const calls = box.calls();
    expect(calls.find(({ call }) => call === "check")?.olds).to.deep.equal({
      label: "default",
      name: "a",
      value: "one",
    });
    expect(calls.find(({ call }) => call === "diff")?.olds).to.include({ generation: 1 });
  });

  it("replaces by creating first and deleting last", async () => {
    await box.mustUp(a(), { name: "b", args: { name: "b", value: { ref: "a.id" } } });
    box.calls();
    const output = await box.mustUp(a({ name: "z" }), { name: "b", args: { name: "b", value: { ref: "a.id" } } });
    expect(box.changes()).to.deep.equal(["create z", "update b-1", "delete a-1"]);
    expect(output).to.contain("    +-1 replaced\n");
  });

  it("deletes first where the provider asks for it", async () => {
    await box.mustUp(a());
    box.calls();
    await box.mustUp(a({ name: "z", deleteFirst: true }));
    expect(box.changes()).to.deep.equal(["delete a-1", "create z"]);
  });

  it("lets the option deleteBeforeReplace overrule the provider", async () => {
    await box.mustUp(a());
    box.calls();
    await box.mustUp(a({ name: "z", deleteFirst: true }, { deleteBeforeReplace: false }));
    expect(box.changes()).to.deep.equal(["create z", "delete a-1"]);
  });

  it("takes a dependent along that would be replaced itself when what it depends on is deleted first", async () => {
    const b = { name: "b", args: { name: { ref: "a.label" } } };
    await box.mustUp(a({ label: "left" }), b);
    box.calls();
    await box.mustUp(a({ label: "left", name: "z", deleteFirst: true }), b);
    expect(box.changes()).to.deep.equal(["delete left-1", "delete a-1", "create z", "create left"]);
  });

  it("deletes what is no longer declared, dependents before what they need", async () => {
    await box.mustUp(
      a(),
      { name: "b", args: { name: "b", value: { ref: "a.id" } } },
      { name: "c", args: { name: "c" }, dependsOn: ["b"] },
    );
    box.calls();
    box.declare();
    expect(await box.mustUp()).to.contain("    - 3 deleted\n");
    expect(box.changes()).to.deep.equal(["delete c-1", "delete b-1", "delete a-1"]);
  });

  it("destroys everything, and says how to remove the stack", async () => {
    await box.mustUp(a(), { name: "b", args: { name: "b" }, dependsOn: ["a"] });
    box.calls();
    const output = await box.must("destroy", "--yes", "--skip-preview");
    expect(box.changes()).to.deep.equal(["delete b-1", "delete a-1"]);
    expect(output).to.contain("run `pulumi stack rm dev`");
    expect(box.deployment()).not.to.have.property("resources");
  });

  it("compares the inputs itself when the provider does not know whether anything changed", async () => {
    await box.mustUp(a({ diff: "unknown" }));
    expect(await box.mustUp()).to.contain("2 unchanged");
    expect(await box.mustUp(a({ diff: "unknown", value: "two" }))).to.contain("~ 1 updated");
  });

  it("changes nothing when the provider says that nothing changed", async () => {
    await box.mustUp(a({ diff: "none" }));
    box.calls();
    expect(await box.mustUp(a({ diff: "none", value: "two" }))).to.contain("2 unchanged");
    expect(box.resource("a")?.inputs).to.include({ value: "two" });
    expect(box.resource("a")?.outputs).to.include({ value: "one" });
  });

  it("replaces for a change of what replaceOnChanges names", async () => {
    await box.mustUp(a({ diff: "unknown" }, { replaceOnChanges: ["value"] }));
    const output = await box.mustUp(a({ diff: "unknown", value: "two" }, { replaceOnChanges: ["value"] }));
    expect(output).to.contain("+-1 replaced");
  });

  it("keeps the old value of what ignoreChanges names", async () => {
    await box.mustUp(a());
    expect(await box.mustUp(a({ value: "two" }, { ignoreChanges: ["value"] }))).to.contain("2 unchanged");
    expect(box.resource("a")?.inputs).to.include({ value: "one" });
  });

  it("leaves the object alone that retainOnDelete protects from deletion", async () => {
    await box.mustUp(a({}, { retainOnDelete: true }));
    box.declare();
    await box.mustUp();
    expect(box.cloud()).to.deep.equal(["a-1"]);
    expect(box.resource("a")).to.equal(undefined);
  });

  it("does not delete what goes with another resource", async () => {
    await box.mustUp(a(), { name: "b", args: { name: "b" }, deletedWith: "a" });
    box.calls();
    await box.must("destroy", "--yes", "--skip-preview");
    expect(box.changes()).to.deep.equal(["delete a-1"]);
  });

  it("refuses to delete what is protected, and names how to unprotect it", async () => {
    await box.mustUp(a({}, { protect: true }));
    const { status, stdout } = await box.run("destroy", "--yes", "--skip-preview");
    expect(status).to.equal(1);
    expect(stdout).to.contain("cannot be deleted\n    because it is protected");
    expect(box.cloud()).to.deep.equal(["a-1"]);
  });

  it("leaves alone what is protected, and what it needs, with --exclude-protected", async () => {
    await box.mustUp(
      a(),
      { name: "b", args: { name: "b" }, dependsOn: ["a"], opts: { protect: true } },
      { name: "c", args: { name: "c" } },
    );
    await box.must("destroy", "--yes", "--skip-preview", "--exclude-protected");
    expect(box.cloud()).to.deep.equal(["a-1", "b-1"]);
  });

  it("refuses to replace what is protected", async () => {
    await box.mustUp(a({}, { protect: true }));
    box.declare(a({ name: "z" }, { protect: true }));
    const { status, stdout } = await box.up();
    expect(status).to.equal(1);
    expect(stdout).to.contain("unable to replace resource");
    expect(box.cloud()).to.deep.equal(["a-1"]);
  });

  it("finds a renamed resource under its alias", async () => {
    await box.mustUp(a(), { name: "b", args: { name: "b" }, dependsOn: ["a"] });
    box.calls();
    const renamed = { ...a({}, { aliases: [{ name: "a" }] }), name: "new" };
    const output = await box.mustUp(renamed, { name: "b", args: { name: "b" }, dependsOn: ["new"] });
    expect(output).to.contain("3 unchanged");
    expect(box.resource("a")).to.equal(undefined);
    expect(box.resource("new")?.id).to.equal("a-1");
    expect(box.resource("b")?.dependencies?.join()).to.match(/::new$/);
  });

  it("finds the children of a renamed component under their inherited alias", async () => {
    await box.mustUp({ name: "g", component: true }, { ...a(), parent: "g" });
    box.calls();
    await box.mustUp({ name: "h", component: true, opts: { aliases: [{ name: "g" }] } }, { ...a(), parent: "h" });
    expect(box.changes()).to.deep.equal([]);
  });

  it("creates under the new name and then deletes the old without an alias", async () => {
    await box.mustUp(a());
    box.calls();
    await box.mustUp({ ...a(), name: "new" });
    expect(box.changes()).to.deep.equal(["create a", "delete a-1"]);
  });

  it("reads, and never deletes, what a program only gets", async () => {
    await box.mustUp(a());
    await box.mustUp(a(), { name: "seen", get: "a-1", args: { name: "a" } });
    expect(box.resource("seen")).to.include({ external: true, id: "a-1" });
    box.calls();
    await box.mustUp(a());
    expect(box.changes()).to.deep.equal([]);
  });

  it("does not read in preview what has no id yet", async () => {
    box.declare(a(), { name: "seen", get: { ref: "a.id" }, args: { name: "a" } });
    await box.must("preview");
    expect(box.calls().map(({ call }) => call)).not.to.include("read");
    await box.mustUp();
    expect(box.resource("seen")).to.include({ external: true, id: "a-1" });
    expect(box.calls().map(({ call }) => call)).to.include("read");
  });

  it("limits the operation to its targets", async () => {
    await box.mustUp(a(), { name: "b", args: { name: "b", value: "one" } });
    box.calls();
    box.declare(a({ value: "two" }), { name: "b", args: { name: "b", value: "two" } });
    await box.must("up", "--yes", "--skip-preview", "--target", "**::b");
    expect(box.changes()).to.deep.equal(["update b-1"]);
  });

  it("replaces what --replace names", async () => {
    await box.mustUp(a());
    box.calls();
    await box.must("up", "--yes", "--skip-preview", "--replace", "**::a");
    expect(box.changes()).to.deep.equal(["create a", "delete a-1"]);
  });
});
