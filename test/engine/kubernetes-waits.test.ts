import { expect } from "chai";
import { startKubernetesProvider } from "../../lab/engine/kubernetes.js";
import { InitFailed, type Provider } from "../../lab/engine/provider.js";
import type { Properties } from "../../lab/engine/values.js";
import { SmallApiServer } from "./small-api-server.js";

describe("stand-in engine: waiting for Kubernetes resources", () => {
  let api: SmallApiServer;
  let provider: Provider;
  let rows: string[];
  beforeEach(async () => {
    api = await SmallApiServer.start();
    rows = [];
    provider = await startKubernetesProvider(
      { kubeconfig: api.kubeconfig, namespace: "lab" },
      (_urn, _severity, message) => rows.push(message),
    );
  });
  afterEach(() => api.stop());

  const folder = "/apis/apps/v1/namespaces/lab";
  const urnOf = (kind: string): string => `urn:pulumi:dev::p::kubernetes:apps/v1:${kind}::app`;
  const inputsOf = (kind: string, annotations = {}): Properties => ({
    ...{ apiVersion: "apps/v1", kind, metadata: { name: "app", generation: 1, annotations } },
  });
  /** Each read finds the next of these, and the last for good. */
  const becomes = (path: string, ...states: object[]): void => {
    api.onRead = (read) => {
      if (read !== path) return;
      const next = states.shift();
      if (next) api.objects.set(path, { ...api.objects.get(path), ...next });
    };
  };
  const counts = (desired: number, available: number) => ({
    ...{ observedGeneration: 1, desiredNumberScheduled: desired, currentNumberScheduled: desired },
    ...{ updatedNumberScheduled: desired, numberAvailable: available, numberReady: available },
  });

  it("waits until a DaemonSet's pods are available, and says how far it is", async () => {
    becomes(`${folder}/daemonsets/app`, {}, { status: counts(2, 1) }, { status: counts(2, 2) });
    const { outputs } = await provider.create(urnOf("DaemonSet"), inputsOf("DaemonSet"), 0);
    expect(outputs["status"]).to.deep.include({ numberAvailable: 2 });
    expect(rows).to.deep.equal([
      "DaemonSet status.observedGeneration not found",
      "Available: 1/2",
      "All replicas scheduled as expected. Replicas: 2",
      "",
    ]);
  });

  it("does not take the status of an earlier generation for an answer", async () => {
    becomes(
      `${folder}/daemonsets/app`,
      { status: { ...counts(0, 0), observedGeneration: 0 } },
      { status: counts(0, 0) },
    );
    await provider.create(urnOf("DaemonSet"), inputsOf("DaemonSet"), 0);
    expect(rows[0]).to.equal("DaemonSet generation is 1, but latest observed generation is 0");
  });

  it("waits for nothing where the object says so", async () => {
    const skipping = inputsOf("DaemonSet", { "pulumi.com/skipAwait": "true" });
    expect((await provider.create(urnOf("DaemonSet"), skipping, 0)).id).to.equal("lab/app");
  });

  it("gives up after customTimeouts, and keeps what there is", async () => {
    const create = provider.create(urnOf("DaemonSet"), inputsOf("DaemonSet"), 0.2);
    const error = await create.catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(InitFailed);
    expect((error as InitFailed).id).to.equal("lab/app");
    expect((error as InitFailed).message).to.contain("failed to fully initialize or become live: 'app' timed out");
  });

  it("waits as long as pulumi.com/timeoutSeconds says", async () => {
    const hasty = inputsOf("DaemonSet", { "pulumi.com/timeoutSeconds": "0" });
    const error = await provider.create(urnOf("DaemonSet"), hasty, 0).catch((thrown: unknown) => thrown);
    expect((error as Error).message).to.contain("timed out");
  });

  it("ends the wait when the operation is cancelled", async () => {
    api.onRead = () => provider.cancel();
    const create = provider.create(urnOf("DaemonSet"), inputsOf("DaemonSet"), 0);
    const error = await create.catch((thrown: unknown) => thrown);
    expect((error as Error).message).to.contain('Resource operation was cancelled for "app"');
  });

  describe("a Deployment", () => {
    const revision = { "deployment.kubernetes.io/revision": "1" };
    const path = `${folder}/deployments/app`;
    const available = (status: string) => ({
      observedGeneration: 1,
      conditions: [{ type: "Available", status, reason: "MinimumReplicasUnavailable", message: "Too few." }],
    });
    const metadata = { name: "app", namespace: "lab", uid: "d", generation: 1, annotations: revision };
    const replicaSet = (readyReplicas: number) => {
      const owned = {
        name: "app-1",
        namespace: "lab",
        uid: "r",
        annotations: revision,
        ownerReferences: [{ uid: "d" }],
      };
      api.objects.set(`${folder}/replicasets/app-1`, {
        metadata: owned,
        spec: { replicas: 2 },
        status: { readyReplicas },
      });
    };

    it("counts as there when it is available and its ReplicaSet has all pods", async () => {
      replicaSet(2);
      becomes(path, { metadata, status: available("False") }, { metadata, status: available("True") });
      await provider.create(urnOf("Deployment"), inputsOf("Deployment"), 0);
      expect(rows.at(-2)).to.equal("Deployment initialization complete");
    });

    it("does not, while pods of its ReplicaSet are missing", async () => {
      replicaSet(1);
      becomes(path, { metadata, status: available("True") });
      const error = await provider
        .create(urnOf("Deployment"), inputsOf("Deployment"), 0.2)
        .catch((thrown: unknown) => thrown);
      expect((error as InitFailed).reasons.at(-1)).to.equal(
        "Minimum number of Pods to consider the application live was not attained",
      );
      expect(rows[0]).to.equal("Waiting for app ReplicaSet to be available (1/2 Pods available)");
    });

    it("fails with what its pods wait for", async () => {
      replicaSet(0);
      becomes(path, { metadata, status: available("False") });
      const waiting = { reason: "ImagePullBackOff", message: "no such image" };
      const conditions = [{ type: "Ready", status: "False", message: "containers with unready status: [c]" }];
      api.objects.set("/api/v1/namespaces/lab/pods/app-1-x", {
        metadata: { name: "app-1-x", namespace: "lab", ownerReferences: [{ uid: "r" }] },
        status: { conditions, containerStatuses: [{ ready: false, state: { waiting } }] },
      });
      const error = await provider
        .create(urnOf("Deployment"), inputsOf("Deployment"), 0.2)
        .catch((thrown: unknown) => thrown);
      expect((error as InitFailed).reasons.slice(1)).to.deep.equal([
        "[MinimumReplicasUnavailable] Too few.",
        "Minimum number of live Pods was not attained",
        "[Pod lab/app-1-x]: containers with unready status: [c][ImagePullBackOff] no such image",
      ]);
    });

    it("is told of by a refresh when it is not available", async () => {
      replicaSet(0);
      api.objects.set(path, { ...inputsOf("Deployment"), metadata, status: available("False") });
      const inputs = inputsOf("Deployment");
      const read = provider.read({ urn: urnOf("Deployment"), id: "lab/app", inputs, outputs: inputs, timeout: 0 });
      const error = await read.catch((thrown: unknown) => thrown);
      expect((error as InitFailed).reasons[0]).to.equal("Resource 'app' was created but failed to initialize");
    });
  });

  describe("a kind", () => {
    const urn = "urn:pulumi:dev::p::kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition::crd";
    const crd = (annotations: object): Properties => ({
      ...{ apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition" },
      metadata: { name: "crd", annotations: { ...annotations } },
    });

    it("is not waited for by itself", async () => {
      expect((await provider.create(urn, crd({}), 0)).id).to.equal("crd");
    });

    it("is waited for by the condition that pulumi.com/waitFor names", async () => {
      const established = (status: string) => ({ status: { conditions: [{ type: "Established", status }] } });
      const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/crd";
      becomes(path, established("False"), established("True"));
      await provider.create(urn, crd({ "pulumi.com/waitFor": "condition=Established" }), 0);
      expect(rows).to.deep.equal(["Resource has condition Established=False (want True)", "", ""]);
    });
  });
});
