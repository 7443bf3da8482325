import { expect } from "chai";
import { join } from "node:path";
import type { LabController } from "../../../lab/controller.js";
import type { Lab } from "../../../lab/lab.js";
import { sharedLab } from "../../shared-lab.js";
import { until } from "../lab/until.js";
import { logOf, metric, says, served } from "./controller-process.js";

describe("the controller's process", () => {
  let lab: Lab;
  const started: LabController[] = [];
  const start = async (options: Parameters<Lab["startController"]>[0] = {}): Promise<LabController> => {
    const controller = await lab.startController(options);
    started.push(controller);
    return controller;
  };

  before(async () => {
    lab = await sharedLab();
  });
  afterEach(() => Promise.all(started.splice(0).map((controller) => controller.stop())));

  it("is ready once it has read what it needs", async () => {
    const controller = await start();
    await until(async () => (await served(controller, "/readyz")).status === 200);
  });

  it("is ready while another leads", async () => {
    await says(await start(), /"leads"/);
    const standby = await start();
    await says(standby, /stands by while/);
    await until(async () => (await served(standby, "/readyz")).status === 200);
  });

  it("counts its requests, and whether it leads", async () => {
    const controller = await start();
    await until(async () => (await metric(controller, "leader")) === 1);
    expect(await metric(controller, 'api_requests_total{verb="watch",resource="sriovnetworknodepolicies"')).to.equal(1);
  });

  it("ends with status 0 by SIGTERM", async () => {
    const controller = await start();
    await says(controller, /"leads"/);
    controller.process.signal("SIGTERM");
    expect(await controller.process.exited).to.deep.equal({ code: 0, signal: null });
    expect(logOf(controller)).to.include("gave the lease back");
  });

  it("ends with status 0 by SIGTERM while it waits for its turn", async () => {
    await says(await start(), /"leads"/);
    const standby = await start();
    await says(standby, /stands by while/);
    standby.process.signal("SIGTERM");
    expect(await standby.process.exited).to.deep.equal({ code: 0, signal: null });
  });

  it("ends with status 2 and the usage by a flag that it does not know", async () => {
    const controller = await start({ args: ["--node-name", "n"] });
    expect((await controller.process.exited).code).to.equal(2);
    expect(logOf(controller)).to.match(/--node-name[^]*usage: pulumi-sriov-reconciler controller/);
  });

  it("ends with status 1, in words, where it has no usable kubeconfig", async () => {
    const controller = await start({ args: ["--kubeconfig", join(lab.run.dir, "missing")] });
    expect((await controller.process.exited).code).to.equal(1);
    expect(logOf(controller)).to.include("missing cannot be read");
  });
});
