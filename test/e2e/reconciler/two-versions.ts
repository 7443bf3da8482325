import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { gunzipSync } from "node:zlib";
import { CUSTOM_RESOURCE_DEFINITION } from "../../../api/core.js";
import { RECONCILER_NAMESPACE } from "../../../api/names.js";
import { VERSION } from "../../../api/version.js";
import { type Lab, startLab } from "../../../lab/lab.js";
import { networkAttachmentDefinitionKind } from "../../../lab/multus.js";
import type { SimulatedNode } from "../../../lab/nodes/simulated-node.js";
import { beginRun, type LabProcess } from "../../../lab/processes/lab-run.js";
import { until } from "../../integration/lab/until.js";

const run = promisify(execFile);

const TOP = join(__dirname, "..", "..", "..", "..");
const RELEASES = join(TOP, "test", "fixtures", "releases");

/** A cluster of its own with one node, on which the reconciler of one version takes the place of another's. */
export class TwoVersions {
  private controller: LabProcess | undefined;
  private firstScans = 0;
  private constructor(
    readonly lab: Lab,
    readonly node: SimulatedNode,
    /** Stands for whichever program the agent is of. */
    private readonly agentProgram: string,
  ) {}

  /** With that version on it, manifests, agent and controller. */
  static async start(nodeName: string, version: string): Promise<TwoVersions> {
    const labRun = await beginRun({ label: "upgrade" });
    labRun.stopOnSignals();
    const lab = await startLab(labRun, { contract: false });
    const kind = networkAttachmentDefinitionKind();
    await lab.client.apply(CUSTOM_RESOURCE_DEFINITION, kind, { fieldManager: "multus" });
    await apply(lab, version);
    const agentProgram = join(labRun.dir, "agent.cjs");
    const node = await lab.addSimulatedNode(nodeName, { kubelet: true, agentProgram, agent: false });
    const cluster = new TwoVersions(lab, node, agentProgram);
    await cluster.runProcesses(version);
    return cluster;
  }

  /** As a roll-out does it: objects first, then every pod. Resolves when both processes of that version are at work. */
  async changeTo(version: string): Promise<void> {
    await apply(this.lab, version);
    await this.endProcesses();
    await this.runProcesses(version);
  }

  async stop(): Promise<void> {
    await this.endProcesses();
    this.lab.client.close();
    await this.lab.run.stop();
  }

  private async endProcesses(): Promise<void> {
    await this.node.stopAgent("SIGTERM");
    await this.controller?.stop();
  }

  private async runProcesses(version: string): Promise<void> {
    const program = programOf(this.lab, version);
    writeFileSync(this.agentProgram, `require(${JSON.stringify(program.agent)});\n`);
    await this.node.startAgent();
    const kubeconfig = await this.lab.controllerKubeconfig();
    const flags = ["--namespace", RECONCILER_NAMESPACE, "--kubeconfig", kubeconfig, "--listen", "127.0.0.1:0"];
    const env = { ...process.env, POD_NAME: `controller-${version}` };
    const args = [program.controller, "controller", ...flags];
    const controller = this.lab.run.spawn(`controller-${version}-${++this.firstScans}`, process.execPath, args, {
      env,
    });
    this.controller = controller;
    const says = (file: string, text: string): number => readFileSync(file, "utf8").split(text).length - 1;
    await until(() => says(this.node.agentLog, "first scan done") === this.firstScans);
    await until(() => says(controller.logFile, '"leads"') > 0);
  }
}

function programOf(lab: Lab, version: string): { readonly agent: string; readonly controller: string } {
  if (version === VERSION) {
    const agent = join(TOP, "dist", "lab", "nodes", "simulated", "agent.js");
    return { agent, controller: join(TOP, "dist", "reconciler", "main.js") };
  }
  const file = join(lab.run.dir, `reconciler-${version}.cjs`);
  writeFileSync(file, gunzipSync(readFileSync(join(RELEASES, version, "reconciler.cjs.gz"))));
  return { agent: file, controller: file };
}

/** As people without Pulumi do it. */
async function apply(lab: Lab, version: string): Promise<void> {
  const what =
    version === VERSION ? ["-k", join(TOP, "deploy", "manifests")] : ["-f", join(RELEASES, version, "manifests")];
  const flags = ["--kubeconfig", lab.controlPlane.kubeconfig, "--server-side", "--force-conflicts"];
  await run("kubectl", ["apply", ...flags, ...what]);
}
