import { expect } from "chai";
import { AGENT_ACCOUNT } from "../../../api/agent-role.js";
import { CONTROLLER_ACCOUNT } from "../../../api/controller-role.js";
import { NODE } from "../../../api/core.js";
import { AGENT_PERMISSIONS, CONTROLLER_PERMISSIONS } from "../../../api/permissions.js";
import { type Lab, startLab } from "../../../lab/lab.js";
import { beginRun, type LabRun } from "../../../lab/processes/lab-run.js";
import { auditEvents } from "../../audit-log.js";
import { nics } from "../../integration/agent/hardware.js";
import { until } from "../../integration/lab/until.js";
import { Everything, NICS } from "./everything.js";
import { grantedBy, requestsOf, takenBy } from "./requests.js";

/** A cluster of its own, whose API server writes down what it is asked, until agent and controller have done all they ever do. */
describe("the rights of the reconciler", () => {
  let run: LabRun;
  let lab: Lab;
  let everything: Everything;

  before(async () => {
    run = await beginRun({ label: "test" });
    run.stopOnSignals();
    lab = await startLab(run, { audit: true });
    const node = await lab.addSimulatedNode("n-rights", { spec: { nics: nics(NICS) }, agent: false });
    everything = await Everything.prepare(lab, node.name);
    await node.startAgent();
    const controller = await lab.startController();
    await everything.happen();
    // It gives its lease back, however short its life was.
    await controller.stop();
    await untilWrittenDown(lab);
  });
  after(async () => {
    await everything.stop();
    lab.client.close();
    await run.stop();
  });

  for (const [who, account, permissions] of [
    ["agents", AGENT_ACCOUNT, AGENT_PERMISSIONS],
    ["the controller", CONTROLLER_ACCOUNT, CONTROLLER_PERMISSIONS],
  ] as const) {
    it(`of ${who} are those that its requests take, and no others`, () => {
      const always = permissions.filter(({ when }) => when === undefined);
      expect(takenBy(requestsOf(lab, account))).to.deep.equal(grantedBy(always));
    });

    it(`of ${who} are enough for all of its requests, and no guard is in its way`, () => {
      expect(requestsOf(lab, account).filter(({ code }) => code === 401 || code === 403)).to.deep.equal([]);
    });
  }
});

/** The log is complete up to a request that is in it. */
async function untilWrittenDown(lab: Lab): Promise<void> {
  await lab.client.list(NODE, { labels: { mark: "done" } });
  await until(() => auditEvents(lab).some(({ requestURI }) => requestURI.includes("mark%3Ddone")));
}
