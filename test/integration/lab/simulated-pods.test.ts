import { expect } from "chai";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { KubeClient } from "../../../kube/client.js";
import { GUEST_IMAGE } from "../../../lab/images.js";
import { type Lab, startLab } from "../../../lab/lab.js";
import {
  type ContainerSpec,
  NODE_POD,
  type NodePod,
  type PodSpec,
} from "../../../lab/nodes/simulated/pods/node-pod.js";
import { beginRun, type LabRun } from "../../../lab/processes/lab-run.js";
import { makeDefaultAccount } from "../service-account.js";
import type { Told } from "./pod-program.js";
import { until } from "./until.js";
import { untilObject } from "./until-object.js";

const IMAGE = "example.com/program:1";
const PROGRAM = [process.execPath, join(__dirname, "pod-program.js")];
const IN_DEFAULT = { namespace: "default" };
const LISTEN = "--listen=127.0.0.1:8080";

describe("simulated nodes that run pods", function () {
  this.timeout(60_000);
  let run: LabRun;
  let lab: Lab;

  before(async () => {
    run = await beginRun({ label: "test" });
    lab = await startLab(run, { contract: false, scheduler: true, images: { [IMAGE]: PROGRAM } });
    await makeDefaultAccount(lab.client);
    await Promise.all(["left", "right"].map((name) => lab.addSimulatedNode(name, { pods: true })));
  });

  after(async () => {
    lab.client.close();
    await run.stop();
  });

  const create = (name: string, container: Partial<ContainerSpec> = {}, spec: PodSpec = {}): Promise<NodePod> => {
    const containers = [{ name: "main", image: IMAGE, ...container }];
    const pod = { metadata: { name, ...IN_DEFAULT }, spec: { terminationGracePeriodSeconds: 1, ...spec, containers } };
    return lab.client.create(NODE_POD, pod, { fieldManager: "test" });
  };
  const is = async (
    name: string,
    isSo: (status: Status) => boolean,
  ): Promise<NodePod & { readonly status: Status }> => {
    const pod = await untilObject(lab.client, NODE_POD, name, (it) => isSo(statusOf(it)));
    if (pod === undefined) throw new Error(`no pod ${name}`);
    return { ...pod, status: statusOf(pod) };
  };
  const start = async (...args: Parameters<typeof create>): Promise<string> => {
    await create(...args);
    return (await is(args[0], isReady)).status.podIP ?? "";
  };
  const remove = async (name: string, gracePeriodSeconds = 1): Promise<void> => {
    await lab.client.raw({
      method: "DELETE",
      path: `/api/v1/namespaces/default/pods/${name}`,
      body: { gracePeriodSeconds },
    });
    await untilObject(lab.client, NODE_POD, name, (pod) => pod === undefined);
  };
  const told = async (address: string): Promise<Told> => {
    await until(() => get(address, "/told").then(Boolean, () => false));
    return (await (await get(address, "/told")).json()) as Told;
  };

  it("get pods from the scheduler", async () => {
    await create("scheduled", { image: GUEST_IMAGE });
    const { spec } = await is("scheduled", isReady);
    expect(spec?.nodeName).to.be.oneOf(["left", "right"]);
    await remove("scheduled");
  });

  it("tell a container what it asks for of its pod", async () => {
    const field = (name: string, fieldPath: string) => ({ name, valueFrom: { fieldRef: { fieldPath } } });
    const env = [
      field("NODE", "spec.nodeName"),
      field("ADDRESS", "status.podIP"),
      { name: "BOTH", value: "$(NODE)/$(ADDRESS)" },
    ];
    const address = await start("fields", { args: [LISTEN, "--said=$(BOTH)"], env }, { nodeName: "left" });
    const { env: seen, args } = await told(address);
    expect(seen).to.include({ NODE: "left", ADDRESS: address });
    expect(args).to.deep.equal([`--listen=${address}:8080`, `--said=left/${address}`]);
    await remove("fields");
  });

  it("give a container a token that is bound to its pod and so to its node", async () => {
    const address = await start("with-token", { args: [LISTEN] }, { nodeName: "right" });
    const { env } = await told(address);
    const client = KubeClient.open({ kubeconfig: env["KUBECONFIG"] });
    const path = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
    const review = (await client.raw({ method: "POST", path, body: {} })) as Review;
    client.close();
    const { username, extra } = review.status.userInfo;
    expect(username).to.equal("system:serviceaccount:default:default");
    expect(extra).to.deep.include({
      "authentication.kubernetes.io/pod-name": ["with-token"],
      "authentication.kubernetes.io/node-name": ["right"],
    });
    await remove("with-token");
  });

  it("give none to a pod that wants none", async () => {
    const spec = { automountServiceAccountToken: false };
    const address = await start("without-token", { args: [LISTEN] }, spec);
    expect((await told(address)).env).not.to.have.property("KUBECONFIG");
    await remove("without-token");
  });

  it("lead a pod to their own kubelet's folders, and to nothing of this machine's", async () => {
    const hostPath = { path: "/var/lib/kubelet/device-plugins" };
    const args = [LISTEN, "--mounted=/plugins", "--not-mounted=/tmp"];
    const volumeMounts = [{ name: "plugins", mountPath: "/plugins" }];
    const address = await start("folders", { args, volumeMounts }, { volumes: [{ name: "plugins", hostPath }] });
    const [mounted = "", notMounted = ""] = (await told(address)).args.slice(1).map((arg) => arg.split("=")[1] ?? "");
    expect(existsSync(join(mounted, "kubelet.sock"))).to.equal(true);
    expect(existsSync(notMounted)).to.equal(false);
    await remove("folders");
  });

  it("have each a port of its own where their pods share their network", async () => {
    const nodes = ["left", "right"];
    const on = (nodeName: string): Promise<string> =>
      start(`host-${nodeName}`, { args: [LISTEN] }, { nodeName, hostNetwork: true });
    const addresses = await Promise.all(nodes.map(on));
    const pids = await Promise.all(addresses.map(async (address) => (await told(address)).pid));
    expect(new Set(pids)).to.have.property("size", 2);
    await Promise.all(nodes.map((node) => remove(`host-${node}`)));
  });

  it("say that a pod is ready while its probe says so", async () => {
    const readinessProbe = { httpGet: { path: "/ready", port: 8080 }, periodSeconds: 1, failureThreshold: 1 };
    const address = await start("probed", { args: [LISTEN], readinessProbe });
    await get(address, "/break/ready");
    await is("probed", (status) => !isReady(status));
    await get(address, "/mend/ready");
    await is("probed", isReady);
    await remove("probed");
  });

  it("start a container anew that does not answer its liveness probe, and say why", async () => {
    const livenessProbe = {
      httpGet: { host: "127.0.0.1", path: "/live", port: 8080 },
      periodSeconds: 1,
      failureThreshold: 1,
    };
    const startupProbe = { httpGet: { path: "/", port: 8080 }, periodSeconds: 1, failureThreshold: 30 };
    const address = await start("alive", { args: [LISTEN], startupProbe, livenessProbe });
    const { pid } = await told(address);
    await get(address, "/break/live");
    const { status } = await is(
      "alive",
      ({ containerStatuses: [main] = [] }) => main?.restartCount === 1 && main.ready,
    );
    expect(status.containerStatuses?.[0]?.lastState?.terminated?.message).to.equal(
      "Container main failed liveness probe, will be restarted: HTTP probe failed with statuscode: 500",
    );
    expect((await told(address)).pid).not.to.equal(pid);
    await remove("alive");
  });

  it("back off from a container that ends again and again", async () => {
    await create("crashing", { args: ["--crash"] });
    const { status } = await is("crashing", (it) => waitsFor(it) === "CrashLoopBackOff" && restarts(it) > 0);
    expect(status.containerStatuses?.[0]?.lastState?.terminated?.exitCode).to.equal(3);
    await remove("crashing");
  });

  it("say of a pod whose work is done that it has succeeded", async () => {
    await create("done", { args: ["--done"] }, { restartPolicy: "Never" });
    await is("done", ({ phase }) => phase === "Succeeded");
    await remove("done");
  });

  it("wait for an image that they do not have", async () => {
    await create("imageless", { image: "example.com/program:2" });
    const { status } = await is("imageless", (it) => waitsFor(it) === "ImagePullBackOff");
    expect(status.phase).to.equal("Pending");
    expect(status.containerStatuses?.[0]?.state?.waiting?.message).to.match(
      /^Back-off pulling image "example.com\/program:2": ErrImagePull: the node has .*example.com\/program:1, and can pull none$/,
    );
    await remove("imageless");
  });

  it("kill what has not ended when a deleted pod's time is over", async () => {
    const address = await start("stubborn", { args: [LISTEN, "--stubborn"] });
    const { pid } = await told(address);
    await remove("stubborn", 1);
    expect(isAlive(pid)).to.equal(false);
  });

  it("keep what a container wrote in a log by node, pod and container", async () => {
    await create("writing", { args: ["--listen=nowhere:1"] }, { nodeName: "left" });
    await is("writing", (it) => restarts(it) > 0);
    expect(readFileSync(join(run.dir, "logs", "left-writing-main.log"), "utf8")).to.include("nowhere");
    await remove("writing");
  });

  it("leave no process behind when their run ends", async () => {
    const { pid } = await told(await start("last", { args: [LISTEN, "--stubborn"] }));
    await run.stop();
    expect(isAlive(pid)).to.equal(false);
  });
});

type Status = NonNullable<NodePod["status"]>;

interface Review {
  readonly status: {
    readonly userInfo: { readonly username: string; readonly extra: Readonly<Record<string, string[]>> };
  };
}

function statusOf(pod: NodePod | undefined): Status {
  return pod?.status ?? {};
}

function isReady({ conditions = [] }: Status): boolean {
  return conditions.some(({ type, status }) => type === "Ready" && status === "True");
}

function waitsFor({ containerStatuses = [] }: Status): string | undefined {
  return containerStatuses[0]?.state?.waiting?.reason;
}

function restarts({ containerStatuses = [] }: Status): number {
  return containerStatuses[0]?.restartCount ?? 0;
}

function get(address: string, path: string): Promise<Response> {
  return fetch(`http://${address}:8080${path}`);
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
