import { expect } from "chai";
import { setTimeout } from "node:timers/promises";
import { type Lab, startLab } from "../../lab/lab.js";
import { beginRun } from "../../lab/processes/lab-run.js";
import { type AuditEvent, auditEvents } from "../audit-log.js";
import { hardware } from "./nics.js";
import { openStack, type Program, type TestStack } from "./stack.js";

const NODES = ["many-a", "many-b"];
const NICS_EACH = 100;

/** What a run costs the API server, by its own audit log. */
describe("a program with 200 devices", () => {
  let lab: Lab;
  let stack: TestStack;
  const program: Program = (sriov) => {
    for (const nodeName of NODES) {
      for (let index = 0; index < NICS_EACH; index++) {
        const interfaceName = `eth${index}`;
        new sriov.SriovNetworkDevice(`${nodeName}-${interfaceName}`, { nodeName, interfaceName, numVfs: 1 });
      }
    }
    return undefined;
  };

  before(async function () {
    this.timeout(120_000);
    const run = await beginRun({ label: "test-many" });
    run.stopOnSignals();
    lab = await startLab(run, { audit: true });
    const spec = hardware(NICS_EACH);
    await Promise.all(NODES.map((name) => lab.addSimulatedNode(name, { spec })));
    stack = await openStack({ program, environment: { KUBECONFIG: lab.controlPlane.kubeconfig } });
  });

  after(async () => {
    lab.client.close();
    await lab.run.stop();
  });

  it("holds one watch in up, and makes two requests or fewer for each of them", async () => {
    const asked = await askedIn(() => stack.up());
    console.log(summary(asked));
    expect(asked.filter(({ verb }) => verb === "watch")).to.have.length(1);
    const writes = asked.filter(({ verb }) => verb === "patch");
    expect(writes.length).to.equal(NODES.length * NICS_EACH);
    expect(asked.length).to.be.at.most(2 * NODES.length * NICS_EACH);
  }).timeout(120_000);

  it("makes one list, and writes nothing, in a preview that changes nothing", async () => {
    const asked = await askedIn(() => stack.preview());
    console.log(summary(asked));
    expect(asked.filter(({ verb }) => verb === "list")).to.have.length(1);
    expect(asked.filter(({ verb }) => !["list", "watch", "get"].includes(verb))).to.deep.equal([]);
  });

  /** The provider's requests while `work` lasts, each once, whatever became of it. */
  async function askedIn(work: () => Promise<unknown>): Promise<AuditEvent[]> {
    const before = new Set(auditEvents(lab).map(({ auditID }) => auditID));
    await work();
    const asked = new Map(
      auditEvents(lab)
        .filter(({ auditID, userAgent }) => !before.has(auditID) && userAgent === "pulumi-sriov-provider")
        .map((event) => [event.auditID, event]),
    );
    return [...asked.values()];
  }
});
function summary(events: AuditEvent[]): string {
  const counts = new Map<string, number>();
  for (const e of events) { const k = e.verb + " " + e.requestURI.split("?")[0]!.replace(/many-.*/, "X"); counts.set(k, (counts.get(k) ?? 0) + 1); }
  return JSON.stringify([...counts], null, 1);
}
