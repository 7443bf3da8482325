import { expect } from "chai";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { NAMESPACE } from "../../../api/core.js";
import type { KubeObject, ResourceType } from "../../../api/object.js";
import { KubeClient } from "../../../kube/client.js";
import { ApiError, ConfigError } from "../../../kube/errors.js";
import { DeadlineExceeded } from "../../../kube/deadline.js";
import { Informer } from "../../../kube/informer.js";
import type { Lab } from "../../../lab/lab.js";
import { sharedLab } from "../../shared-lab.js";
import { refusal } from "../refusal.js";

const SECRET: ResourceType<KubeObject> = { apiVersion: "v1", kind: "Secret", plural: "secrets", namespaced: true };
const CONFIG_MAP: ResourceType<KubeObject> = {
  apiVersion: "v1",
  kind: "ConfigMap",
  plural: "configmaps",
  namespaced: true,
};
const namespace = "exec-credentials";

/** A real plugin, and tokens that the API server issues and takes back. */
describe("credentials from an exec plugin", () => {
  let lab: Lab;
  let folder: string;
  let client: KubeClient;
  let tokens = 0;
  const at = (name: string): string => join(folder, name);
  /** How often the plugin has run. */
  const runs = (): number => (existsSync(at("runs")) ? readFileSync(at("runs"), "utf8").length : 0);

  before(async () => {
    lab = await sharedLab();
    folder = mkdtempSync(join(lab.run.dir, "plugin-"));
    // Each run gives the next credential; the last one ever after.
    const script = [
      "#!/bin/sh",
      `printf . >> ${at("runs")}`,
      `cat ${at("credential-")}$(wc -c < ${at("runs")}) 2>/dev/null && exit`,
      `cat ${at("credential")} 2>/dev/null && exit`,
      'echo "log in first" >&2; exit 1',
    ];
    writeFileSync(at("plugin"), script.join("\n"));
    chmodSync(at("plugin"), 0o755);
    // The account is made, and may read, in the course of the first token.
    await lab.controlPlane.serviceAccountKubeconfig({ namespace, name: "ci" });
    const roles = { apiVersion: "rbac.authorization.k8s.io/v1", namespaced: false };
    const binding: KubeObject & Record<string, unknown> = {
      metadata: { name: namespace },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "view" },
      subjects: [{ kind: "ServiceAccount", namespace, name: "ci" }],
    };
    const kind = { ...roles, kind: "ClusterRoleBinding", plural: "clusterrolebindings" };
    await lab.client.apply(kind, binding, { fieldManager: "test", force: true });
  });

  beforeEach(() => {
    for (const file of ["runs", "credential", "credential-1", "credential-2"]) rmSync(at(file), { force: true });
    client = KubeClient.open({ kubeconfig: kubeconfig(at("plugin")) });
  });
  afterEach(() => client.close());

  const past = new Date(Date.now() - 1_000);

  it("is asked for once by all requests that come at the same time", async () => {
    give(await token());
    await Promise.all(Array.from({ length: 20 }, () => client.get(NAMESPACE, "default")));
    expect(runs()).to.equal(1);
  });

  it("is asked for again once it has expired by its own word", async () => {
    give(await token(), past);
    await client.get(NAMESPACE, "default");
    await client.get(NAMESPACE, "default");
    expect(runs()).to.equal(2);
  });

  it("is asked for again where the API server does not accept it any more, and the request is made again", async () => {
    give(await revoked(), undefined, "credential-1");
    give(await token());
    expect((await client.get(NAMESPACE, "default")).metadata.name).to.equal("default");
    expect(runs()).to.equal(2);
  });

  it("is asked for once more by all requests that are refused at the same time", async () => {
    give(await revoked(), undefined, "credential-1");
    give(await token());
    await Promise.all(Array.from({ length: 20 }, () => client.get(NAMESPACE, "default")));
    expect(runs()).to.equal(2);
  });

  it("is refused in words where the new one is not accepted either", async () => {
    give(await revoked());
    const error = await refusal(client.get(NAMESPACE, "default"), ApiError);
    expect([error.httpStatus, runs()]).to.deep.equal([401, 2]);
    expect(error.message).to.contain('does not accept the credentials of user "ci"');
  });

  it("is renewed for a watch as for any request", async () => {
    // One for the list, one for the watch that is not accepted, and a good one.
    give(await token(), past, "credential-1");
    give(await revoked(), undefined, "credential-2");
    give(await token());
    const options = { namespace, fields: { "metadata.name": "later" } };
    const errors: unknown[] = [];
    const informer = new Informer(client, CONFIG_MAP, { ...options, onError: (error) => errors.push(error) }).start();
    await informer.synced;
    const seen = new Promise<void>((resolve) => void informer.onChange(() => resolve()));
    await lab.client.create(CONFIG_MAP, { metadata: { name: "later", namespace } }, { fieldManager: "test" });
    await seen;
    await informer.stop();
    expect([errors, runs()]).to.deep.equal([[], 3]);
  });

  it("fails with the plugin's own words, and which user it is for", async () => {
    const error = await refusal(client.get(NAMESPACE, "default"), ConfigError);
    expect(error.message).to.contain('the credentials of user "ci" cannot be had').and.to.contain(at("plugin"));
    expect(error.message).to.contain("log in first");
  });

  it("fails in words where there is no such plugin", async () => {
    const other = KubeClient.open({ kubeconfig: kubeconfig(at("nowhere")) });
    const error = await refusal(other.get(NAMESPACE, "default"), ConfigError);
    expect(error.message)
      .to.contain(`by running "${at("nowhere")}"`)
      .and.to.contain("ENOENT");
  });

  const useless = [
    ["no JSON", "t0ken-in-a-line"],
    ["nothing", ""],
    ["no ExecCredential", "{}"],
    ["one with nothing in it", '{ "status": {} }'],
    ["null", "null"],
  ] as const;
  for (const [title, printed] of useless) {
    it(`fails in words that show nothing of it where it prints ${title}, and is asked again`, async () => {
      writeFileSync(at("credential-1"), printed);
      give(await token());
      const error = await refusal(client.get(NAMESPACE, "default"), ConfigError);
      expect(error.message).to.contain("no ExecCredential with a token").and.not.to.contain("t0ken");
      expect((await client.get(NAMESPACE, "default")).metadata.name).to.equal("default");
    });
  }

  it("fails in words where it has none", async () => {
    writeFileSync(at("mute"), "#!/bin/sh\nexit 3\n", { mode: 0o755 });
    const other = KubeClient.open({ kubeconfig: kubeconfig(at("mute")) });
    const error = await refusal(other.get(NAMESPACE, "default"), ConfigError);
    expect(error.message).to.match(/: it failed, and did not say why; run it by hand to see$/);
  });

  it("are not waited for past the deadline of the work that they are for, and the plugin is named", async () => {
    writeFileSync(at("slow"), "#!/bin/sh\nexec sleep 20\n", { mode: 0o755 });
    const other = KubeClient.open({ kubeconfig: kubeconfig(at("slow")) });
    const work = new AbortController();
    const asked = refusal(other.within(work.signal).get(NAMESPACE, "default"), ConfigError);
    setImmediate(() => work.abort(new DeadlineExceeded("More time: wait.")));
    expect((await asked).message).to.equal(
      `"${at("slow")}", which is to give the credentials of user "ci", did not answer in time. More time: wait.`,
    );
  });

  function give(token: string, expiry = new Date(Date.now() + 3_600_000), file = "credential"): void {
    const status = { token, expirationTimestamp: expiry.toISOString() };
    const credential = { apiVersion: "client.authentication.k8s.io/v1", kind: "ExecCredential", status };
    writeFileSync(at(file), JSON.stringify(credential), { mode: 0o600 });
  }

  /** One that the API server accepts as long as its Secret is there. */
  async function token(name = `token-${++tokens}`): Promise<string> {
    const { metadata } = await lab.client.create(SECRET, { metadata: { name, namespace } }, { fieldManager: "test" });
    const boundObjectRef = { apiVersion: "v1", kind: "Secret", name, uid: metadata.uid };
    const answer = await lab.client.raw({
      method: "POST",
      path: `/api/v1/namespaces/${namespace}/serviceaccounts/ci/token`,
      body: {
        apiVersion: "authentication.k8s.io/v1",
        kind: "TokenRequest",
        spec: { expirationSeconds: 3_600, boundObjectRef },
      },
    });
    return (answer as { readonly status: { readonly token: string } }).status.token;
  }

  /** One that it accepts no more, hours before it expires; it was never used, since what is accepted is remembered for seconds. */
  async function revoked(): Promise<string> {
    const name = `revoked-${++tokens}`;
    const issued = await token(name);
    await lab.client.delete(SECRET, name, { namespace });
    return issued;
  }

  function kubeconfig(command: string): string {
    const exec = { apiVersion: "client.authentication.k8s.io/v1", command, interactiveMode: "Never" };
    const text = readFileSync(lab.controlPlane.kubeconfig, "utf8");
    const { clusters } = JSON.parse(text) as { clusters: { name: string }[] };
    return JSON.stringify({
      clusters,
      users: [{ name: "ci", user: { exec } }],
      contexts: [{ name: "lab", context: { cluster: clusters[0]?.name, user: "ci" } }],
      "current-context": "lab",
    });
  }
});
