import { expect } from "chai";
import { type Lab, startLab } from "../../lab/lab.js";
import { beginRun } from "../../lab/processes/lab-run.js";
import { type AuditEvent, auditEvents } from "../audit-log.js";
import { hardware } from "./nics.js";
import { openStack, type Program, type TestStack } from "./stack.js";

const NODES = ["many-a", "many-b"];
const NICS_EACH = 100;
const DEVICES = NODES.length * NICS_EACH;

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
    expect(asked.filter(({ verb }) => verb === "watch")).to.have.length(1);
    expect(asked.filter(({ verb }) => verb === "patch")).to.have.length(DEVICES);
    expect(asked.length).to.be.at.most(2 * DEVICES);
  }).timeout(120_000);

  it("makes one list, and writes nothing, in a preview that changes nothing", async () => {
    const asked = await askedIn(() => stack.preview());
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
