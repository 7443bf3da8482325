import { expect } from "chai";
import { AGENT_ACCOUNT } from "../../../api/agent-role.js";
import { CONTROLLER_ACCOUNT } from "../../../api/controller-role.js";
import { NODE } from "../../../api/core.js";
import { AGENT_PERMISSIONS, CONTROLLER_PERMISSIONS } from "../../../api/permissions.js";
import { type ApiServerAddress, settingsOf } from "../../../deploy/settings.js";
import { RECONCILER_IMAGE } from "../../../lab/images.js";
import { type Lab, startLab } from "../../../lab/lab.js";
import { beginRun, type LabRun } from "../../../lab/processes/lab-run.js";
import { auditEvents } from "../../audit-log.js";
import { nics } from "../../integration/agent/hardware.js";
import { until } from "../../integration/lab/until.js";
import { Everything, NICS } from "./everything.js";
import { installAround, installPods, readMetrics } from "./installed.js";
import { type AskedFor, grantedBy, requestsOf, takenBy } from "./requests.js";

const NAMESPACE = "network-system";
const READER = { namespace: "monitoring", name: "prometheus" };

/**
 * A cluster of its own, whose API server writes down what it is asked, until the pods of an installation have done all that
 * they ever do. Not in the default namespace: others' tests are.
 */
describe("the rights of the reconciler", () => {
  let run: LabRun;
  let lab: Lab;
  let everything: Everything | undefined;

  before(async () => {
    run = await beginRun({ label: "test" });
    run.stopOnSignals();
    lab = await startLab(run, { audit: true, contract: false, multus: true, scheduler: true });
    const settings = settingsOf({
      ...{ namespace: NAMESPACE, image: RECONCILER_IMAGE, apiServer: addressIn(lab.controlPlane.server) },
      metrics: { readers: [READER] },
    });
    await installAround(lab, settings);
    const { name } = await lab.addSimulatedNode("n-rights", { spec: { nics: nics(NICS) }, pods: true });
    everything = await Everything.prepare(lab, name, NAMESPACE);
    const pods = await installPods(lab, settings);
    await everything.happen();
    for (const pod of pods) await readMetrics(lab, pod, settings, READER);
    await untilRenewed(lab);
    await untilWrittenDown(lab);
  });
  after(async () => {
    await everything?.stop();
    lab.client.close();
    await run.stop();
  });

  for (const [who, account, permissions] of [
    ["agents", AGENT_ACCOUNT, AGENT_PERMISSIONS],
    ["the controller", CONTROLLER_ACCOUNT, CONTROLLER_PERMISSIONS],
  ] as const) {
    const requests = (): AskedFor[] => requestsOf(lab, { ...account, namespace: NAMESPACE });

    it(`of ${who} are those that its requests take, and no others`, () => {
      expect(takenBy(requests(), NAMESPACE)).to.deep.equal(grantedBy(permissions));
    });

    it(`of ${who} are enough for all of its requests, and no guard is in its way`, () => {
      expect(requests().filter(({ code }) => code === 401 || code === 403)).to.deep.equal([]);
    });
  }
});

function addressIn(server: string): ApiServerAddress {
  const { hostname: host, port } = new URL(server);
  return { host, port: Number(port) };
}

/** A leader renews its lease every few seconds, and all else may be done before. */
async function untilRenewed(lab: Lab): Promise<void> {
  const account = { ...CONTROLLER_ACCOUNT, namespace: NAMESPACE };
  await until(() => requestsOf(lab, account).some(({ verb, resource }) => verb === "patch" && resource === "leases"));
}

/** The log is complete up to a request that is in it. */
async function untilWrittenDown(lab: Lab): Promise<void> {
  await lab.client.list(NODE, { labels: { mark: "done" } });
  await until(() => auditEvents(lab).some(({ requestURI }) => requestURI.includes("mark%3Ddone")));
}
