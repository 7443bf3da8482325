import { expect } from "chai";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundleReconciler } from "../../../image/bundle-reconciler.js";
import { bundleEnv, bundleFlags, compileCacheName } from "../../../image/runtime.js";

describe("the reconciler as one file", () => {
  let directory = "";
  let bundle = "";

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), "bundle-"));
    ({ outfile: bundle } = await bundleReconciler(directory));
  });
  after(() => rmSync(directory, { recursive: true, force: true }));

  const agent = (...args: string[]) =>
    spawnSync(process.execPath, [...bundleFlags, bundle, "agent", ...args], {
      cwd: directory,
      encoding: "utf8",
      env: { ...bundleEnv(directory), NODE_DEBUG_NATIVE: "COMPILE_CACHE" },
    });

  it("runs where there are no packages", () => {
    const { status, stdout } = agent("--node-name", "node1", "--kubeconfig", join(directory, "none"));
    expect(status).to.equal(1);
    expect(stdout).to.include("none cannot be read");
  });

  it("logs errors by the names of their classes, though it is made small", () => {
    const { stdout } = agent("--node-name", "node1", "--kubeconfig", join(directory, "none"));
    expect(stdout).to.include('"type":"ConfigError"');
  });

  it("is compiled already", () => {
    expect(agent().stderr).to.match(/code cache for CommonJS .*pulumi-sriov-reconciler\.cjs was accepted/);
  });

  it("comes with the licences of what is in it", () => {
    const licences = readFileSync(`${bundle}.LICENSES.txt`, "utf8");
    for (const name of ["@kubernetes/client-node", "pino", "prom-client"]) expect(licences).to.include(`\n${name} `);
    expect(licences).to.include("Permission is hereby granted");
  });

  it("leaves no other file behind", () => {
    const name = "pulumi-sriov-reconciler.cjs";
    expect(readdirSync(directory)).to.have.members([name, `${name}.LICENSES.txt`, compileCacheName]);
  });
});
