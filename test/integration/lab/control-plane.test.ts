import { readFileSync } from "node:fs";
import { connect } from "node:tls";
import { once } from "node:events";
import { KubeConfig, KubernetesObjectApi, VersionApi, type KubernetesObject } from "@kubernetes/client-node";
import { expect } from "chai";
import { startControlPlane, type ControlPlane } from "../../../lab/control-plane/control-plane.js";
import { startServer } from "../../../lab/control-plane/server.js";
import { beginRun, type LabRun } from "../../../lab/processes/lab-run.js";
import { until } from "./until.js";

describe("the control plane", function () {
  this.timeout(60_000);
  let run: LabRun;
  let controlPlane: ControlPlane;
  let admin: KubernetesObjectApi;

  before(async function () {
    this.timeout(900_000); // where it has to be built first
    run = await beginRun({ label: "test" });
    controlPlane = await startControlPlane(run, { audit: true, log: console.log });
    admin = KubernetesObjectApi.makeApiClient(load(readFileSync(controlPlane.kubeconfig, "utf8")));
  });

  after(() => run.stop());

  it("answers an administrator with a version that has admission policies", async () => {
    const config = load(readFileSync(controlPlane.kubeconfig, "utf8"));
    const { major, minor } = await config.makeApiClient(VersionApi).getCode();
    expect(major).to.equal("1");
    expect(Number.parseInt(minor)).to.be.at.least(30);
  });

  it("ends a foreground deletion once the dependents are gone", async () => {
    const owner: KubernetesObject = await admin.create(configMap("owner"));
    const uid = owner.metadata?.uid ?? "";
    const dependent = configMap("dependent");
    const reference = { apiVersion: "v1", kind: "ConfigMap", name: "owner", uid, blockOwnerDeletion: true };
    await admin.create({ ...dependent, metadata: { ...dependent.metadata, ownerReferences: [reference] } });
    await admin.delete(configMap("owner"), undefined, undefined, undefined, undefined, "Foreground");
    await until(async () => !(await exists(admin, configMap("owner"))));
    expect(await exists(admin, configMap("dependent"))).to.equal(false);
  });

  it("keeps address and data when the API server is killed and started again", async () => {
    await admin.create(configMap("durable"));
    await controlPlane.apiServer.kill();
    await controlPlane.apiServer.start();
    expect(await exists(admin, configMap("durable"))).to.equal(true);
  });

  it("knows a user and its groups by the certificate in the user's kubeconfig", async () => {
    const alice = load(await controlPlane.kubeconfigFor("alice", ["dev", "ops"]));
    expect(await whoAmI(alice)).to.deep.include({
      username: "alice",
      groups: ["dev", "ops", "system:authenticated"],
    });
  });

  it("allows a new user nothing", async () => {
    const alice = KubernetesObjectApi.makeApiClient(load(await controlPlane.kubeconfigFor("alice")));
    expect(await statusOf(alice.read(configMap("any")))).to.equal(403);
  });

  it("gives a service account a token that names its node", async () => {
    await admin.create({ apiVersion: "v1", kind: "Node", metadata: { name: "node-1" } });
    const account = { namespace: "sriov", name: "agent", boundNode: "node-1" };
    const { username, extra } = await whoAmI(load(await controlPlane.serviceAccountKubeconfig(account)));
    expect(username).to.equal("system:serviceaccount:sriov:agent");
    expect(extra?.["authentication.kubernetes.io/node-name"]).to.deep.equal(["node-1"]);
  });

  it("refuses a token that it did not give", async () => {
    const text = await controlPlane.serviceAccountKubeconfig({ namespace: "sriov", name: "agent" });
    const stranger = KubernetesObjectApi.makeApiClient(load(text.replace(/("token": ")[^"]+/, "$1bogus")));
    expect(await statusOf(stranger.read(configMap("any")))).to.equal(401);
  });

  it("has a certificate for the address by which a QEMU guest reaches it", async () => {
    const { hostname, port } = new URL(controlPlane.server);
    const socket = connect({ host: hostname, port: Number(port), ca: controlPlane.caPem });
    await once(socket, "secureConnect");
    const certificate = socket.getPeerX509Certificate();
    socket.destroy();
    expect(certificate?.checkIP("10.0.2.2")).to.equal("10.0.2.2");
  });

  it("writes each request into the audit log", async () => {
    await exists(admin, configMap("audited"));
    const log = controlPlane.auditLog ?? "";
    await until(() =>
      readFileSync(log, "utf8").includes('"requestURI":"/api/v1/namespaces/default/configmaps/audited"'),
    );
  });

  it("says how a part ended that doesn't start, with the last that it wrote", async () => {
    const options = { name: "broken", command: "sh", args: ["-c", "echo no such port; exit 3"], cwd: run.dir };
    const start = startServer(run, { ...options, isReady: () => Promise.resolve(false) });
    const message = await start.then(
      () => "",
      (error: unknown) => String(error),
    );
    expect(message).to.match(
      /broken did not start: broken ended with status 3\. The end of \S+broken\.log:\n {2}no such port/,
    );
  });
});

interface SelfSubjectReview extends KubernetesObject {
  readonly status: {
    readonly userInfo: {
      readonly username: string;
      readonly groups: readonly string[];
      readonly extra?: Readonly<Record<string, readonly string[]>>;
    };
  };
}

async function whoAmI(config: KubeConfig): Promise<SelfSubjectReview["status"]["userInfo"]> {
  const review: KubernetesObject = { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" };
  const answer = (await KubernetesObjectApi.makeApiClient(config).create(review)) as SelfSubjectReview;
  return answer.status.userInfo;
}

function configMap(name: string) {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace: "default" } };
}

async function exists(api: KubernetesObjectApi, object: ReturnType<typeof configMap>): Promise<boolean> {
  return (await statusOf(api.read(object))) === 200;
}

/** HTTP status of the answer. */
async function statusOf(answer: Promise<unknown>): Promise<number> {
  try {
    await answer;
    return 200;
  } catch (error) {
    if (error instanceof Error && "code" in error && typeof error.code === "number") return error.code;
    throw error;
  }
}

function load(text: string): KubeConfig {
  const config = new KubeConfig();
  config.loadFromString(text);
  return config;
}
