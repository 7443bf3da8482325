import { expect } from "chai";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { parse } from "yaml";
import { impact, previewText, refusal, step } from "../../unit/cli/previews.js";

/** The workflow's own shell steps, with stand-ins for what a runner has: `pulumi`, `gh`, and the package's command as npx finds it. */
describe("examples/github-actions", () => {
  const repository = join(__dirname, "..", "..", "..", "..");
  const file = join(repository, "examples", "github-actions", "sriov-impact.yml");
  const workflow = parse(readFileSync(file, "utf8")) as Workflow;
  const { steps } = workflow.jobs.impact;
  let runner: string;

  beforeEach(() => {
    runner = mkdtempSync(join(tmpdir(), "sriov-pipeline-"));
    mkdirSync(join(runner, "bin"));
    program("npx", `shift 2; exec "${process.execPath}" "${join(repository, "dist", "cli", "main.js")}" "$@"`);
    program(
      "gh",
      `printf '%s\\n' "$*" >> "$RUNNER_TEMP/gh.log"\ncase "$*" in *--jq*) cat "$RUNNER_TEMP/known" ;; esac`,
    );
    existingComments("");
    previewPrints(previewText());
  });
  afterEach(() => rmSync(runner, { recursive: true, force: true }));

  it("runs on pull requests, and may comment and no more", () => {
    expect(workflow.on).to.equal("pull_request");
    expect(workflow.permissions).to.deep.equal({ contents: "read", "pull-requests": "write" });
  });

  it("puts nothing of an event into a shell's text", () => {
    for (const { run = "" } of steps) expect(run).not.to.contain("${{");
  });

  it("keeps the kubeconfig to itself", async () => {
    await runAll();
    expect(readFileSync(join(runner, "kubeconfig"), "utf8")).to.equal("secrets.KUBECONFIG_TEXT");
    expect(statSync(join(runner, "kubeconfig")).mode & 0o077).to.equal(0);
  });

  it("writes a comment, and succeeds, where nothing is lost", async () => {
    expect(await runAll()).to.equal(0);
    expect(ghCalls().at(-1)).to.match(/^api --silent --method POST repos\/acme\/net\/issues\/7\/comments /);
    expect(comment()).to.equal(
      "<!-- pulumi-sriov impact: staging -->\n### SR-IOV impact\n\nThis preview changes no SR-IOV resource.\n",
    );
    expect(read("summary")).to.contain("### SR-IOV impact");
  });

  it("changes the comment that is there", async () => {
    existingComments("4711\n4712\n");
    expect(await runAll()).to.equal(0);
    expect(ghCalls().at(-1)).to.match(/^api --silent --method PATCH repos\/acme\/net\/issues\/comments\/4711 /);
  });

  it("ends with 2, after it has commented, where something in use would be lost", async () => {
    previewPrints(previewText({ steps: [step("update", {})], diagnostics: [refusal(impact())] }), 1);
    expect(await runAll()).to.equal(2);
    expect(comment()).to.contain("`pod web/router-0` | **refused** |");
    expect(ghCalls()).to.have.length(2);
  });

  it("fails, and says so in the comment, where the preview printed nothing", async () => {
    previewPrints("", 255);
    expect(await runAll()).to.equal(1);
    expect(comment()).to.contain("**It could not be told**");
  });

  const read = (name: string): string =>
    existsSync(join(runner, name)) ? readFileSync(join(runner, name), "utf8") : "";
  const comment = (): string => read("comment.md");
  const ghCalls = (): string[] => read("gh.log").trim().split("\n");

  function program(name: string, text: string): void {
    writeFileSync(join(runner, "bin", name), `#!/usr/bin/env bash\n${text}\n`);
    chmodSync(join(runner, "bin", name), 0o755);
  }
  function previewPrints(text: string, status = 0): void {
    writeFileSync(join(runner, "printed"), text);
    program("pulumi", `cat "$RUNNER_TEMP/printed"; exit ${status}`);
  }
  function existingComments(ids: string): void {
    writeFileSync(join(runner, "known"), ids);
  }

  /** Runs the steps one after the other, as a runner does; answers the status of the first that fails, or 0. */
  async function runAll(): Promise<number> {
    for (const { run, env = {} } of steps) {
      if (run === undefined || run === "npm ci") continue;
      const status = await runStep(run, env);
      if (status !== 0) return status;
    }
    return 0;
  }

  async function runStep(run: string, env: Readonly<Record<string, string>>): Promise<number> {
    const outputs = Object.fromEntries(assignments("output"));
    const given = Object.entries({ ...workflow.env, ...env }).map(([name, value]) => [name, evaluate(value, outputs)]);
    const files = { GITHUB_ENV: "env", GITHUB_OUTPUT: "output", GITHUB_STEP_SUMMARY: "summary" };
    const child = spawn("bash", ["--noprofile", "--norc", "-eo", "pipefail", "-c", run], {
      cwd: runner,
      env: {
        PATH: `${join(runner, "bin")}${delimiter}${process.env["PATH"] ?? ""}`,
        HOME: runner,
        RUNNER_TEMP: runner,
        GITHUB_REPOSITORY: "acme/net",
        ...Object.fromEntries(Object.entries(files).map(([name, path]) => [name, join(runner, path)])),
        ...Object.fromEntries(assignments("env")),
        ...Object.fromEntries(given),
      } as NodeJS.ProcessEnv,
      stdio: "ignore",
    });
    const [status] = (await once(child, "exit")) as [number];
    return status;
  }

  function assignments(file: string): [string, string][] {
    const lines = read(file).split("\n").filter(Boolean);
    return lines.map((line) => [line.split("=")[0] ?? "", line.slice(line.indexOf("=") + 1)]);
  }

  /** Expressions that the workflow uses; a secret is its own name. */
  function evaluate(value: string, outputs: Readonly<Record<string, string>>): string {
    return value.replace(/\$\{\{ (\S+) \}\}/g, (_, expression: string) => {
      if (expression === "github.event.pull_request.number") return "7";
      const [, output] = /^steps\.impact\.outputs\.(\w+)$/.exec(expression) ?? [];
      return output === undefined ? expression : (outputs[output] ?? "");
    });
  }
});

interface Workflow {
  readonly on: string;
  readonly permissions: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
  readonly jobs: { readonly impact: { readonly steps: readonly WorkflowStep[] } };
}

interface WorkflowStep {
  readonly run?: string;
  readonly env?: Readonly<Record<string, string>>;
}
