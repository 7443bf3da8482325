import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { findInstalled } from "../../../lab/control-plane/find-installed.js";
import type { Release } from "../../../lab/control-plane/release.js";

const release: Release = {
  name: "Kubernetes",
  version: "v1.36.3",
  oldest: "v1.30.0",
  programs: { "kube-apiserver": "", "kube-controller-manager": "" },
};

describe("programs that are installed", () => {
  const before = { PATH: process.env["PATH"], KUBEBUILDER_ASSETS: process.env["KUBEBUILDER_ASSETS"] };
  let scratch: string;
  let objections: string[];

  beforeEach(() => {
    scratch = mkdtempSync(join(tmpdir(), "installed-"));
    objections = [];
    process.env["PATH"] = `${join(scratch, "path")}:/usr/bin:/bin`;
    delete process.env["KUBEBUILDER_ASSETS"];
  });

  afterEach(() => {
    for (const [name, value] of Object.entries(before)) {
      if (value === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = value;
    }
    rmSync(scratch, { recursive: true, force: true });
  });

  /** @returns the folder. */
  function install(folder: string, versions: Readonly<Record<string, string>>): string {
    const path = join(scratch, folder);
    mkdirSync(path, { recursive: true });
    for (const [program, version] of Object.entries(versions)) {
      writeFileSync(join(path, program), `#!/bin/sh\necho Kubernetes ${version}\n`, { mode: 0o755 });
    }
    return path;
  }

  const both = (version: string) => ({ "kube-apiserver": version, "kube-controller-manager": version });
  const find = () => findInstalled(release, (line) => objections.push(line));

  it("are found on PATH", () => {
    expect(find()).to.equal(undefined);
    const folder = install("path", both("v1.30.0"));
    expect(find()).to.equal(folder);
  });

  it("are taken from KUBEBUILDER_ASSETS before PATH", () => {
    install("path", both("v1.31.0"));
    process.env["KUBEBUILDER_ASSETS"] = install("assets", both("v1.31.0"));
    expect(find()).to.equal(join(scratch, "assets"));
  });

  it("are not looked at where no version of them would do", () => {
    install("path", both("v1.30.0"));
    const { oldest: _, ...noneWillDo } = release;
    expect(findInstalled(noneWillDo, (line) => objections.push(line))).to.equal(undefined);
    expect(objections).to.deep.equal([]);
  });

  it("are passed over where they are too old", () => {
    const folder = install("path", both("v1.29.14"));
    expect(find()).to.equal(undefined);
    expect(objections).to.deep.equal([
      `Not using kube-apiserver and kube-controller-manager in ${folder}: version v1.29.14 is older than v1.30.0.`,
    ]);
  });

  it("are passed over where one of them is missing, as in KUBEBUILDER_ASSETS of setup-envtest", () => {
    const assets = install("assets", { "kube-apiserver": "v1.34.1" });
    process.env["KUBEBUILDER_ASSETS"] = assets;
    expect(find()).to.equal(undefined);
    expect(objections).to.deep.equal([
      `Not using kube-apiserver and kube-controller-manager in ${assets}: kube-controller-manager is not there.`,
    ]);
  });

  it("are passed over where their versions differ", () => {
    install("path", { "kube-apiserver": "v1.34.1", "kube-controller-manager": "v1.33.0" });
    expect(find()).to.equal(undefined);
    expect(objections[0]).to.contain("their versions differ (v1.34.1, v1.33.0)");
  });
});
