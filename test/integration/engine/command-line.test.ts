import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { Sandbox } from "./sandbox.js";

describe("stand-in engine: command line", function () {
  this.timeout(120_000);
  let box: Sandbox;
  beforeEach(async () => (box = await Sandbox.withStack()));
  afterEach(() => box.remove());

  const a = { name: "a", args: { name: "a", value: "one" } };

  it("prints a version that the Automation API takes", async () => {
    expect(await box.must("version")).to.match(/^v3\.\d+\.\d+\n$/);
  });

  it("says that it is not Pulumi", async () => {
    box.declare();
    expect((await box.run("preview")).stderr)
      .to.contain("stand-in")
      .and.to.contain("not Pulumi's CLI");
  });

  it("names a command that it does not have", async () => {
    const { status, stderr } = await box.run("deployment", "run");
    expect([status, stderr]).to.deep.equal([
      2,
      'error: unknown command "deployment run" for "pulumi": the stand-in engine does not have it\n',
    ]);
  });

  it("names a flag that it does not have", async () => {
    const { status, stderr } = await box.run("up", "--yes", "--policy-pack", "x");
    expect(status).to.equal(2);
    expect(stderr).to.contain("unknown flag: --policy-pack");
  });

  it("asks for --yes where nobody can answer", async () => {
    expect((await box.run("up")).status).to.equal(2);
  });

  it("says that there is no such stack in the words that the Automation API looks for", async () => {
    const { status, stderr } = await box.run("stack", "select", "--stack", "nowhere");
    expect(status).to.equal(1);
    expect(stderr).to.match(/no stack named.*found/);
  });

  it("refuses to make a stack twice", async () => {
    expect((await box.run("stack", "init", "dev")).stderr).to.match(/stack.*already exists/);
  });

  it("lists stacks", async () => {
    await box.must("stack", "init", "prod", "--no-select");
    const stacks = JSON.parse(await box.must("stack", "ls", "--json")) as { name: string; current: boolean }[];
    expect(stacks.map(({ name, current }) => [name, current])).to.deep.equal([
      ["dev", true],
      ["prod", false],
    ]);
  });

  it("refuses to remove a stack that still has resources", async () => {
    await box.mustUp(a);
    const { status, stderr } = await box.run("stack", "rm", "--yes", "dev");
    expect(status).to.equal(1);
    expect(stderr).to.contain("still has resources");
  });

  it("sets, gets and removes configuration", async () => {
    await box.must("config", "set", "color", "--plaintext", "--", "-red");
    expect(JSON.parse(await box.must("config", "get", "color", "--json"))).to.include({ value: "-red", secret: false });
    await box.must("config", "rm", "color");
    expect((await box.run("config", "get", "color")).stderr).to.contain("configuration key 'color' not found");
  });

  it("previews without touching anything, with outputs unknown that check did not give", async () => {
    box.declare(a);
    box.configure({ outputs: { label: { ref: "a.label" }, id: { ref: "a.id" } } });
    const output = await box.must("preview");
    expect(output).to.contain("    + 2 to create\n").and.to.contain("    id: [unknown]\n");
    expect(box.cloud()).to.deep.equal([]);
    expect(box.deployment()).not.to.have.property("resources");
  });

  it("hands unknown values of a preview to check as the SDK's word for unknown", async () => {
    box.declare(a, { name: "b", args: { name: "b", value: { ref: "a.id" } } });
    await box.must("preview");
    const checks = box.calls().filter(({ call, name }) => call === "check" && name === "b");
    expect(checks[0]?.news).to.include({ value: "04da6b54-80e4-46f7-96ec-b56ff0331ba9" });
  });

  it("prints a preview as one JSON document", async () => {
    await box.mustUp(a);
    box.declare({ name: "a", args: { name: "a", value: "two", diff: "unknown" } });
    const digest = JSON.parse(await box.must("preview", "--json")) as Record<string, unknown>;
    const steps = digest["steps"] as Record<string, unknown>[];
    expect(digest["changeSummary"]).to.deep.equal({ same: 1, update: 1 });
    expect(steps[1]).to.deep.include({ op: "update", diffReasons: ["diff", "value"] });
    expect(steps[1]?.["detailedDiff"]).to.deep.include({ value: { kind: "update", inputDiff: true } });
  });

  it("prints a failing preview as JSON too, with its diagnostics", async () => {
    box.declare({ name: "a", args: { name: "a", value: "bad" } });
    const { status, stdout } = await box.run("preview", "--json");
    const { diagnostics } = JSON.parse(stdout) as { diagnostics: { severity: string; message: string }[] };
    expect(status).to.equal(1);
    expect(diagnostics[0]?.message).to.match(/^error: .*must not be bad\n$/);
  });

  it("shows properties, old and new, with --diff", async () => {
    await box.mustUp(a);
    box.declare({ name: "a", args: { name: "a", value: "two" } });
    expect(await box.must("preview", "--diff")).to.contain('      ~ value: "one" => "two"\n');
  });

  it("ends with 7 when changes were not expected", async () => {
    box.declare(a);
    const { status, stderr } = await box.run("preview", "--expect-no-changes");
    expect([status, stderr.includes("no changes were expected")]).to.deep.equal([7, true]);
  });

  it("keeps a history", async () => {
    await box.mustUp(a);
    const [last] = JSON.parse(await box.must("stack", "history", "--json")) as Record<string, unknown>[];
    expect(last).to.deep.include({ kind: "update", result: "succeeded", resourceChanges: { create: 2 } });
  });

  it("writes events to a file", async () => {
    box.declare(a);
    const file = join(box.root, "events.jsonl");
    await box.must("preview", "--event-log", file);
    const { readFileSync } = await import("node:fs");
    const events = readFileSync(file, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as object);
    expect(events[0]).to.have.property("preludeEvent");
    expect(events.at(-1)).to.have.property("cancelEvent");
  });

  it("refuses to import the state of another stack", async () => {
    const file = join(box.root, "other.json");
    const urn = "urn:pulumi:other::things::pulumi:pulumi:Stack::things-other";
    const resources = [{ urn, custom: false, type: "pulumi:pulumi:Stack" }];
    const manifest = { time: "2026-01-01T00:00:00Z", magic: "", version: "" };
    writeFileSync(file, JSON.stringify({ version: 3, deployment: { manifest, resources } }));
    expect((await box.run("stack", "import", "--file", file)).stderr).to.contain("is of another stack");
  });
});
