import { expect } from "chai";
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { imageConfig } from "../../../image/image-config.js";
import { reconcilerTree } from "../../../image/tree.js";

const root = join(__dirname, "..", "..", "..", "..");

/** Stands in for an engine, which a machine need not have: reads the file as one does, and runs what can run anywhere. */
describe("the Dockerfile", () => {
  const [buildStage = [], finalStage = []] = stages(readFileSync(join(root, "reconciler", "Dockerfile"), "utf8"));
  const values = (name: string, stage = finalStage): string[] =>
    stage.filter(([instruction]) => instruction === name).map(([, value]) => value);

  it("has containers begin as those of the archive do", () => {
    expect({
      User: values("USER")[0],
      Env: values("ENV"),
      Entrypoint: JSON.parse(values("ENTRYPOINT")[0] ?? "null") as unknown,
      WorkingDir: values("WORKDIR")[0],
      Labels: Object.fromEntries(
        values("LABEL").map((label) => label.replaceAll('"', "").split(/=(.*)/s, 2)),
      ) as object,
    }).to.deep.equal(imageConfig);
  });

  it("has nothing in the image but what the build stage made", () => {
    expect(finalStage[0]).to.deep.equal(["FROM", "scratch"]);
    for (const copy of values("COPY")) expect(copy).to.match(/^--from=build \/\w+\/ \/$/);
  });

  it("makes by its build stage, of the files that it is given, what the script makes here", async function () {
    // Compiles everything anew.
    this.timeout(240_000);
    const scratch = mkdtempSync(join(tmpdir(), "dockerfile-"));
    try {
      const context = join(scratch, "build");
      for (const path of given(readFileSync(join(root, ".dockerignore"), "utf8"))) {
        cpSync(join(root, path), join(context, path), { recursive: true });
      }
      // In place of `apt-get` and `npm ci`, which would fetch what this machine has.
      symlinkSync(join(root, "node_modules"), join(context, "node_modules"));
      const runs = values("RUN", buildStage).filter((line) => !/^(apt-get|npm ci)/.test(line));
      const env = { ...process.env, PATH: `${join(root, "node_modules", ".bin")}:${process.env["PATH"] ?? ""}` };
      for (const line of runs) {
        const here = line.replaceAll(/(?<= )\/(tree|versioned)/g, join(scratch, "$1"));
        execFileSync("/bin/sh", ["-ec", here], { cwd: context, env, stdio: ["ignore", "ignore", "inherit"] });
      }
      await reconcilerTree(join(scratch, "expected"));
      const copied = join(scratch, "image");
      for (const copy of values("COPY")) {
        const [, folder = ""] = /--from=build \/(\w+)\//.exec(copy) ?? [];
        execFileSync("cp", ["-a", `${join(scratch, folder)}/.`, copied]);
      }
      execFileSync("diff", ["--recursive", "--brief", "--no-dereference", join(scratch, "expected"), copied]);
    } finally {
      rmSync(scratch, { recursive: true });
    }
  });
});

type Instruction = [name: string, value: string];

/** Its instructions, stage by stage. */
function stages(dockerfile: string): Instruction[][] {
  const found: Instruction[][] = [];
  for (const line of dockerfile.split("\n")) {
    const [, name = "", value = ""] = /^([A-Z]+) (.+)$/.exec(line) ?? [];
    if (name === "FROM") found.push([]);
    if (name !== "") found.at(-1)?.push([name, value]);
  }
  return found;
}

/** What a `.dockerignore` lets through that begins by leaving out everything. */
function given(dockerignore: string): string[] {
  return [...dockerignore.matchAll(/^!(\S+)$/gm)].map(([, path = ""]) => path);
}
