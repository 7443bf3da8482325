import { ComponentResource } from "@pulumi/pulumi";
import { expect } from "chai";
import { LocalWorkspace, type EngineEvent, type Stack } from "@pulumi/pulumi/automation/index.js";
import { Sandbox } from "./sandbox.js";

describe("stand-in engine: Automation API", function () {
  this.timeout(120_000);
  let box: Sandbox;
  let stack: Stack;
  const path = process.env["PATH"];
  beforeEach(async () => {
    box = await Sandbox.create();
    const { PATH, ...envVars } = box.environment;
    // The API looks for the engine on this process's PATH.
    process.env["PATH"] = PATH;
    stack = await LocalWorkspace.createOrSelectStack({ stackName: "dev", workDir: box.program }, { envVars });
  });
  afterEach(() => {
    process.env["PATH"] = path;
    box.remove();
  });

  const declare = (value: unknown) =>
    stack.setConfig("resources", { value: JSON.stringify([{ name: "a", args: { name: "a", value } }]) });

  it("previews, with a summary of the changes", async () => {
    await declare("one");
    expect((await stack.preview()).changeSummary).to.deep.equal({ create: 2 });
  });

  it("streams the events of an update in order", async () => {
    await declare("one");
    const events: EngineEvent[] = [];
    await stack.up({ onEvent: (event) => events.push(event) });
    const kinds = events.flatMap((event) => {
      const step = event.resourcePreEvent ?? event.resOutputsEvent;
      const kind = event.resourcePreEvent ? "before" : "after";
      return step ? [`${kind} ${step.metadata.op} ${step.metadata.urn.split("::").at(-1) ?? ""}`] : [];
    });
    expect(kinds).to.deep.equal([
      "before create things-dev",
      "before create default",
      "after create default",
      "before create a",
      "after create a",
      "after create things-dev",
    ]);
    expect(events.map(({ sequence }) => sequence)).to.deep.equal(events.map((_, i) => i));
  });

  it("answers outputs, secrets marked", async () => {
    await declare("one");
    await stack.setConfig("outputs", { value: JSON.stringify({ id: { ref: "a.id" }, hidden: { secret: 1 } }) });
    const { outputs, summary } = await stack.up();
    expect(outputs).to.deep.equal({ id: { value: "a-1", secret: false }, hidden: { value: 1, secret: true } });
    expect(summary).to.include({ kind: "update", result: "succeeded" });
  });

  it("fails with the diagnostics in the message", async () => {
    await declare("bad");
    const error = await stack.up().then(
      () => undefined,
      (thrown: unknown) => thrown as Error,
    );
    expect(error?.message).to.contain("must not be bad");
  });

  it("refreshes and destroys", async () => {
    await declare("one");
    await stack.up();
    expect((await stack.refresh()).summary.resourceChanges).to.deep.equal({ same: 2 });
    expect((await stack.destroy()).summary.resourceChanges).to.deep.equal({ delete: 2 });
    await stack.workspace.removeStack("dev");
    expect(await stack.workspace.listStacks()).to.deep.equal([]);
  });

  it("cancels an update when its signal aborts", async () => {
    await stack.setConfig("resources", {
      value: JSON.stringify([{ name: "a", args: { name: "a", behave: "wait" } }]),
    });
    const controller = new AbortController();
    const update = stack.up({ signal: controller.signal }).then(
      () => "done",
      (error: unknown) => (error as Error).message,
    );
    await box.asked("create");
    controller.abort();
    box.go();
    expect(await update).to.contain("update canceled");
  });

  it("runs a program that lives in the calling process", async () => {
    const { PATH, ...envVars } = box.environment;
    const inline = await LocalWorkspace.createOrSelectStack(
      { stackName: "inline", projectName: "inline", program: () => Promise.resolve({ hello: "world" }) },
      { envVars, workDir: box.program },
    ).catch((error: unknown) => error as Error);
    expect(PATH).to.be.a("string");
    if (inline instanceof Error) throw inline;
    expect((await inline.up()).outputs).to.deep.equal({ hello: { value: "world", secret: false } });
  });

  it("fails where a resource of such a program could not be registered", async () => {
    const { PATH, ...envVars } = box.environment;
    expect(PATH).to.be.a("string");
    const program = (): Promise<void> => {
      new ComponentResource("a:b:C", "c", {}, { customTimeouts: { create: "soon" } });
      return Promise.resolve();
    };
    const stack = await LocalWorkspace.createOrSelectStack(
      { stackName: "refused", projectName: "inline", program },
      { envVars, workDir: box.program },
    );
    const error: unknown = await stack.preview().catch((thrown: unknown) => thrown);
    expect(String(error)).to.match(/unable to parse customTimeout value soon/i);
  });
});
