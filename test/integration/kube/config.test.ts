import { inspect } from "node:util";
import { expect } from "chai";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { NODE } from "../../../api/core.js";
import { KubeClient } from "../../../kube/client.js";
import { loadClusterConfig } from "../../../kube/config.js";
import { ConfigError } from "../../../kube/errors.js";
import type { Lab } from "../../../lab/lab.js";
import { sharedLab } from "../../shared-lab.js";

describe("where credentials come from", () => {
  let lab: Lab;
  let dir = "";
  let text = "";
  const environment = { ...process.env };

  before(async () => {
    lab = await sharedLab();
    text = readFileSync(lab.controlPlane.kubeconfig, "utf8");
  });
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "kubeconfig-"));
    process.env["HOME"] = dir;
    delete process.env["KUBECONFIG"];
    delete process.env["KUBERNETES_SERVICE_HOST"];
  });
  afterEach(() => {
    for (const name of ["HOME", "KUBECONFIG", "KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"]) {
      if (environment[name] === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = environment[name];
    }
    rmSync(dir, { recursive: true });
  });

  async function reaches(access: Parameters<typeof KubeClient.open>[0]): Promise<void> {
    const client = KubeClient.open(access);
    try {
      expect((await client.list(NODE)).metadata.resourceVersion).to.match(/^\d+$/);
    } finally {
      client.close();
    }
  }

  function file(name: string, content: string): string {
    writeFileSync(join(dir, name), content);
    return join(dir, name);
  }

  const named = (name: string): string =>
    text
      .replace(/"lab"/g, `"${name}"`)
      .replace(/"lab-admin"/g, `"${name}-admin"`)
      .replace(/"server": "[^"]*"/, `"server": "https://${name}.example"`);

  it("may be a kubeconfig's path", () => reaches({ kubeconfig: lab.controlPlane.kubeconfig }));

  it("may be a kubeconfig's text", () => reaches({ kubeconfig: text }));

  it("may be one of its contexts", () => reaches({ kubeconfig: text, context: "lab" }));

  it("may be the variable KUBECONFIG", async () => {
    process.env["KUBECONFIG"] = lab.controlPlane.kubeconfig;
    await reaches({});
  });

  it("may be the file in the home folder", () => {
    mkdirSync(join(dir, ".kube"));
    file(".kube/config", named("home"));
    expect(loadClusterConfig({}).server).to.equal("https://home.example");
  });

  it("may be a path below the home folder", () => {
    file("mine", named("mine"));
    expect(loadClusterConfig({ kubeconfig: "~/mine" }).server).to.equal("https://mine.example");
  });

  it("may be several files, of which the first says the context", () => {
    process.env["KUBECONFIG"] = [file("a", named("a")), file("b", named("b"))].join(delimiter);
    expect(loadClusterConfig({}).server).to.equal("https://a.example");
    expect(loadClusterConfig({ context: "b" }).server).to.equal("https://b.example");
  });

  it("may be several files, of which one is missing", () => {
    process.env["KUBECONFIG"] = [join(dir, "missing"), file("b", named("b"))].join(delimiter);
    expect(loadClusterConfig({}).server).to.equal("https://b.example");
  });

  it("are the pod's, where there is nothing else", () => {
    process.env["KUBERNETES_SERVICE_HOST"] = "10.96.0.1";
    process.env["KUBERNETES_SERVICE_PORT"] = "443";
    const config = loadClusterConfig({});
    expect(config.server).to.equal("https://10.96.0.1:443");
    expect(config.origin).to.include("the pod's service account");
  });

  it("are the pod's in a cluster of IPv6 too", () => {
    process.env["KUBERNETES_SERVICE_HOST"] = "fd00:10:96::1";
    process.env["KUBERNETES_SERVICE_PORT"] = "443";
    expect(loadClusterConfig({}).server).to.equal("https://[fd00:10:96::1]:443");
  });

  const refused: [string, () => Parameters<typeof loadClusterConfig>[0], RegExp][] = [
    ["that are nowhere", () => ({}), /no kubeconfig was found: looked at .*KUBECONFIG.*Set one of them/],
    [
      "of a file that is missing",
      () => ({ kubeconfig: join(dir, "none") }),
      /kubeconfig .*none cannot be read: .*ENOENT/,
    ],
    ["of a file that is a folder", () => ({ kubeconfig: dir }), /cannot be read: .*EISDIR/],
    ["of a file that is no kubeconfig", () => ({ kubeconfig: file("bad", "{ not yaml") }), /bad cannot be read/],
    ["of an empty file", () => ({ kubeconfig: file("empty", "") }), /empty cannot be/],
    [
      "of a context that isn't there",
      () => ({ kubeconfig: text, context: "prod" }),
      /the given kubeconfig has no context "prod"; it has lab\. Set sriov:context/,
    ],
    [
      "whose context names a missing cluster",
      () => ({ kubeconfig: text.replace('"cluster": "lab"', '"cluster": "gone"') }),
      /its context "lab" names a cluster that is not in it/,
    ],
    [
      "without a current context",
      () => ({ kubeconfig: text.replace('"current-context": "lab"', '"current-context": ""') }),
      /it has no current context/,
    ],
  ];
  for (const [which, access, message] of refused) {
    it(`are refused in words: those ${which}`, () => {
      expect(() => loadClusterConfig(access())).to.throw(ConfigError, message);
    });
  }

  it("are never shown in an error, neither as text that cannot be parsed nor as text that looks like a path", () => {
    const secret = "SECRETTOKEN123";
    const broken = `users:\n- name: a\n  user: {token: ${secret}\n bad`;
    for (const kubeconfig of [broken, Buffer.from(secret.repeat(40)).toString("base64")]) {
      let thrown: unknown;
      try {
        loadClusterConfig({ kubeconfig });
      } catch (error) {
        thrown = error;
      }
      expect(inspect(thrown, { depth: 9 }))
        .to.include("the given kubeconfig")
        .and.not.to.include(secret);
      expect(inspect(thrown, { depth: 9 })).not.to.include(kubeconfig.slice(0, 60));
    }
  });
});
