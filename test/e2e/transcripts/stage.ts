import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import type { EngineExecutable } from "../../../lab/engine/executable.js";
import type { Lab } from "../../../lab/lab.js";
import type { SimulatedNode } from "../../../lab/nodes/simulated-node.js";
import { hardware, nicOf } from "../nics.js";
import { REPOSITORY } from "../project.js";
import { plainText } from "./plain-text.js";
import { previewSummary } from "./preview-summary.js";
import { progressOf } from "./progress.js";
import type { Scenario, Stage } from "./scenario.js";

/** Plays a scenario on an engine and returns its transcript. Each has a program folder and a backend of its own. */
export async function play(scenario: Scenario, lab: Lab, engine: EngineExecutable): Promise<string> {
  const { name, shows } = scenario;
  const folder = join(lab.run.dir, "transcripts", name);
  const backend = join(folder, "backend");
  mkdirSync(backend, { recursive: true });
  symlinkSync(join(REPOSITORY, "node_modules"), join(folder, "node_modules"));
  writeFileSync(join(folder, "Pulumi.yaml"), PROJECT);
  writeFileSync(join(folder, "package.json"), '{ "private": true }\n');
  const pulumi = engineIn(folder, {
    PATH: `${engine.path}${delimiter}${process.env["PATH"] ?? ""}`,
    PULUMI_BACKEND_URL: `file://${backend}`,
    PULUMI_CONFIG_PASSPHRASE: "transcripts",
    PULUMI_SKIP_UPDATE_CHECK: "true",
    // Without it Pulumi does not know --event-log.
    PULUMI_DEBUG_COMMANDS: "true",
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    // Much of a command's time is its three processes' reading of the same modules.
    NODE_COMPILE_CACHE: join(lab.run.dir, "compile-cache"),
    KUBECONFIG: lab.controlPlane.kubeconfig,
  });
  const { status, stderr } = await pulumi(["stack", "init", "dev"]);
  if (status !== 0) throw new Error(`the stack of scenario ${name} could not be made:\n${stderr}`);
  const written = [shows];
  await scenario.play(stageOf(name, lab, folder, pulumi, written));
  return `${written.join("\n\n")}\n`;
}

const PROJECT = "name: nics\nruntime:\n  name: nodejs\n  options:\n    typescript: false\nmain: index.js\n";

interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

type Pulumi = (args: readonly string[]) => Promise<Outcome>;

function stageOf(name: string, lab: Lab, folder: string, pulumi: Pulumi, written: string[]): Stage {
  const nodes = new Map<string, Promise<SimulatedNode>>();
  const nodeNamed = (nodeName: string): Promise<SimulatedNode> => {
    const node = nodes.get(nodeName) ?? lab.addSimulatedNode(nodeName, { spec: hardware(2) });
    nodes.set(nodeName, node);
    return node;
  };
  return {
    lab,
    folder,
    async nic(index = 0, node) {
      return nicOf(lab, await nodeNamed(node === undefined ? name : `${name}-${node}`), index);
    },
    program(...lines) {
      writeFileSync(join(folder, "index.js"), `const sriov = require("pulumi-sriov");\n${lines.join("\n")}\n`);
      written.push(["program:", ...lines.map((line) => `    ${line}`)].join("\n"));
    },
    async pulumi(command, { progress = false } = {}) {
      const log = join(folder, "events.jsonl");
      const { status, stdout, stderr } = await pulumi([
        ...command.split(" "),
        ...(progress ? ["--event-log", log] : []),
      ]);
      const seen = progress ? progressOf(readFileSync(log, "utf8")) : [];
      written.push([`$ pulumi ${command}`, ...plainText(stdout, stderr), ...seen, statusLine(status)].join("\n"));
    },
    async previewJson() {
      const { status, stdout } = await pulumi(["preview", "--json"]);
      written.push(["$ pulumi preview --json", ...previewSummary(stdout), statusLine(status)].join("\n"));
    },
    async kernel(nic) {
      const writes = (await nic.node.hardware.writes()).filter(({ address }) => address === nic.address);
      const counts = writes.map(({ count }) => count).join(", ");
      written.push(
        `# kernel of ${nic.nodeName}: ${nic.interfaceName} has ${await nic.numVfs()} VFs; written: ${counts}`,
      );
    },
    async aside(what, act) {
      await act();
      written.push(`# ${what}`);
    },
  };
}

function statusLine(status: number | null): string {
  return `exit status ${status ?? "?"}`;
}

function engineIn(folder: string, environment: Readonly<Record<string, string>>): Pulumi {
  return (args) => {
    const child = spawn("pulumi", [...args, "--non-interactive", "--color", "never"], {
      cwd: folder,
      env: { ...process.env, ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let [stdout, stderr] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    return new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (status) => resolve({ status, stdout, stderr }));
    });
  };
}
