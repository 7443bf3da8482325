import { readFileSync } from "node:fs";
import { expect } from "chai";
import { Sandbox } from "./sandbox.js";

describe("stand-in engine: what goes wrong", function () {
  this.timeout(120_000);
  let box: Sandbox;
  beforeEach(async () => (box = await Sandbox.withStack()));
  afterEach(() => box.remove());

  const thing = (name: string, args: Record<string, unknown> = {}) => ({ name, args: { name, value: "one", ...args } });

  it("tells every check failure with its property and value, and does nothing", async () => {
    box.declare(thing("a", { value: "bad" }));
    const { status, stdout } = await box.up();
    expect(status).to.equal(1);
    expect(stdout).to.contain(
      "error: pulumi-nodejs:dynamic/test:Thing resource 'a': property value value {bad} has a problem: must not be bad",
    );
    expect(box.cloud()).to.deep.equal([]);
  });

  it("prints a wrong value that is an object as Go does", async () => {
    box.declare({ name: "a", args: { name: "a", value: { of: "no", bad: ["x", 1] } } });
    const { stdout } = await box.run("preview");
    expect(stdout).to.contain("property value value {map[bad:{[{x} {1}]} of:{no}]} has a problem: must not be bad");
  });

  it("tells a check failure of a resource as a whole", async () => {
    box.declare(thing("a", { value: "hopeless" }));
    const { stdout } = await box.run("preview");
    expect(stdout).to.contain("error: pulumi-nodejs:dynamic/test:Thing resource 'a' has a problem: nothing fits");
  });

  it("keeps no state of a create that failed", async () => {
    box.declare(thing("a", { behave: "fail" }));
    const { status, stdout } = await box.up();
    expect(status).to.equal(1);
    expect(stdout).to.contain("  pulumi-nodejs:dynamic/test:Thing (a):\n    error: the cloud said no\n");
    expect(box.resource("a")).to.equal(undefined);
  });

  it("keeps the state of a create that got halfway, with the reasons", async () => {
    box.declare(thing("a", { behave: "half" }));
    const { status, stdout } = await box.up();
    expect(status).to.equal(1);
    expect(stdout).to.contain("error: 2 errors occurred:\n    \t* not ready\n    \t* not healthy\n");
    expect(box.resource("a")).to.deep.include({ id: "a-1", initErrors: ["not ready", "not healthy"] });
  });

  it("updates what got halfway at the next up, changed or not, and then forgets the reasons", async () => {
    box.declare(thing("a", { behave: "half" }));
    await box.up();
    box.calls();
    await box.mustUp(thing("a"));
    expect(box.changes()).to.deep.equal(["update a-1"]);
    expect(box.resource("a")).not.to.have.property("initErrors");
  });

  it("keeps old inputs and new outputs of an update that got halfway", async () => {
    await box.mustUp(thing("a"));
    box.declare(thing("a", { value: "two", behave: "half" }));
    await box.up();
    const { inputs, outputs, initErrors } = box.resource("a") ?? {};
    expect([inputs?.["value"], outputs?.["value"], initErrors]).to.deep.equal(["one", "two", ["not ready"]]);
  });

  it("keeps the state as it was of an update that failed", async () => {
    await box.mustUp(thing("a"));
    box.declare(thing("a", { value: "two", behave: "fail" }));
    await box.up();
    expect(box.resource("a")?.inputs).to.include({ value: "one" });
  });

  it("lets what runs finish when another resource fails, and starts nothing more", async () => {
    box.declare(thing("slow", { behave: "wait" }), thing("bad", { behave: "fail" }), {
      ...thing("later"),
      dependsOn: ["slow"],
    });
    const { outcome } = box.start("up", "--yes", "--skip-preview");
    await box.asked("create");
    box.go();
    expect((await outcome).status).to.equal(1);
    expect(box.resource("slow")).to.include({ custom: true });
    expect(box.resource("later")).to.equal(undefined);
  });

  it("tries again to delete what a replacement left behind", async () => {
    await box.mustUp(thing("a", { behave: "keep" }));
    box.declare({ name: "a", args: { name: "z", value: "one" } });
    expect((await box.up()).status).to.equal(1);
    expect(box.deployment().resources?.filter((state) => state.delete)).to.have.length(1);
    box.go();
    box.calls();
    await box.mustUp();
    expect(box.changes()).to.deep.equal(["delete a-1"]);
  });

  it("reports a program that throws, and deletes nothing", async () => {
    await box.mustUp(thing("a"), thing("b"));
    box.declare(thing("a"));
    box.configure({ throw: true });
    const { status, stdout } = await box.up();
    expect(status).to.equal(1);
    expect(stdout).to.contain("the program gave up");
    expect(box.cloud()).to.deep.equal(["a-1", "b-1"]);
  });

  it("puts what the program prints under the stack", async () => {
    box.declare();
    box.configure({ print: ["hello from the program"] });
    expect(await box.must("preview")).to.contain("  pulumi:pulumi:Stack (things-dev):\n    hello from the program\n");
  });

  it("puts a warning with a resource under that resource", async () => {
    box.declare(thing("a"));
    box.configure({ warn: true });
    const output = await box.must("preview");
    expect(output).to.contain("  pulumi-nodejs:dynamic/test:Thing (a):\n    warning: mind the gap\n");
  });

  it("refuses a second operation on the stack while one runs, and names who holds it", async () => {
    box.declare(thing("a", { behave: "wait" }));
    const { child, outcome } = box.start("up", "--yes", "--skip-preview");
    await box.asked("create");
    const second = await box.up();
    box.go();
    expect((await outcome).status).to.equal(0);
    expect(second.status).to.equal(1);
    expect(second.stderr)
      .to.contain("the stack is currently locked by 1 lock(s)")
      .and.to.contain(`pid ${child.pid ?? 0}`);
  });

  it("ends early on ^C with what was done in the state", async () => {
    box.declare(thing("a", { behave: "wait" }), { ...thing("b"), dependsOn: ["a"] });
    const { child, outcome } = box.start("up", "--yes", "--skip-preview");
    await box.asked("create");
    child.kill("SIGINT");
    box.go();
    const { status, stdout } = await outcome;
    expect(status).to.equal(1);
    expect(stdout).to.contain("^C received; cancelling").and.to.contain("error: update canceled");
    expect([box.resource("a")?.id, box.resource("b")]).to.deep.equal(["a-1", undefined]);
  });

  it("leaves a pending operation when it is killed, which the next up warns of and refresh can clear", async () => {
    box.declare(thing("a", { behave: "wait" }));
    const { child, outcome } = box.start("up", "--yes", "--skip-preview");
    await box.asked("create");
    child.kill("SIGKILL");
    await outcome;
    expect(box.deployment().pending_operations?.map(({ type }) => type)).to.deep.equal(["creating"]);
    expect((await box.up()).stderr).to.contain("pulumi cancel");
    await box.must("cancel", "--yes");
    box.go();
    expect(await box.mustUp()).to.contain("interrupted while creating");
    await box.must("refresh", "--yes", "--skip-preview", "--clear-pending-creates");
    expect(box.deployment()).not.to.have.property("pending_operations");
  });

  it("leaves no provider behind when it is killed", async () => {
    box.declare(thing("a", { behave: "wait" }));
    const { child, outcome } = box.start("up", "--yes", "--skip-preview");
    await box.asked("create");
    const { pid = 0 } = box.calls().find(({ call }) => call === "create") ?? {};
    expect(isRunning(pid)).to.equal(true);
    child.kill("SIGKILL");
    await outcome;
    while (isRunning(pid)) await new Promise((resolve) => setTimeout(resolve, 10));
  });
});

/** Not so for a process that has ended and was not yet waited for. */
function isRunning(pid: number): boolean {
  try {
    return !readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z ");
  } catch {
    return false;
  }
}
