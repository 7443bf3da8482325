import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execFileSync } from "node:child_process";
import { expect } from "chai";
import { findEngine } from "../../../lab/engine/executable.js";

describe("which engine is used", () => {
  let dir: string;
  const { PATH, PULUMI_SRIOV_ENGINE } = process.env;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "find-engine-"));
    delete process.env["PULUMI_SRIOV_ENGINE"];
  });
  afterEach(() => {
    process.env["PATH"] = PATH;
    if (PULUMI_SRIOV_ENGINE !== undefined) process.env["PULUMI_SRIOV_ENGINE"] = PULUMI_SRIOV_ENGINE;
    rmSync(dir, { recursive: true, force: true });
  });

  /** Puts a `pulumi` that does this first on PATH. */
  function installed(script: string): void {
    const bin = join(dir, "bin");
    mkdirSync(bin);
    writeFileSync(join(bin, "pulumi"), `#!/bin/sh\n${script}\n`);
    chmodSync(join(bin, "pulumi"), 0o755);
    process.env["PATH"] = `${bin}:/usr/bin:/bin`;
  }

  it("is the pulumi on PATH, if it runs", async () => {
    installed("echo v3.250.0");
    const engine = await findEngine({ dir });
    expect(engine).to.include({ kind: "pulumi", path: join(dir, "bin"), version: "v3.250.0" });
    expect(engine.describe).to.contain("Pulumi v3.250.0");
  });

  it("is the stand-in when the pulumi on PATH does not run", async () => {
    installed("exit 1");
    expect(await findEngine({ dir })).to.include({ kind: "stand-in" });
  });

  it("is the stand-in when it is asked for", async () => {
    installed("echo v3.250.0");
    process.env["PULUMI_SRIOV_ENGINE"] = "stand-in";
    const engine = await findEngine({ dir });
    expect(engine.kind).to.equal("stand-in");
    expect(execFileSync(join(engine.path, "pulumi"), ["version"], { encoding: "utf8" })).to.equal(
      `${engine.version}\n`,
    );
  });
});
