import { expect } from "chai";
import { InitFailed, type Provider } from "../../lab/engine/provider.js";
import { startKubernetesProvider } from "../../lab/engine/kubernetes.js";
import type { Properties } from "../../lab/engine/values.js";
import { SmallApiServer } from "./small-api-server.js";

const noRow = (): void => undefined;

describe("stand-in engine: kubernetes resources", () => {
  let api: SmallApiServer;
  let provider: Provider;
  beforeEach(async () => {
    api = await SmallApiServer.start();
    provider = await startKubernetesProvider({ kubeconfig: api.kubeconfig, namespace: "lab" }, noRow);
  });
  afterEach(() => api.stop());

  const urn = "urn:pulumi:dev::p::kubernetes:core/v1:ConfigMap::settings";
  const path = "/api/v1/namespaces/lab/configmaps/settings";
  const inputs: Properties = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "settings" },
    data: { count: "1" },
  };
  const existing = { urn, id: "lab/settings", inputs, outputs: inputs, timeout: 5 };

  it("takes version and kind from the type", async () => {
    const { inputs: checked } = await provider.check(urn, undefined, { metadata: { name: "settings" } });
    expect(checked).to.deep.include({ apiVersion: "v1", kind: "ConfigMap" });
  });

  it("makes up a name where there is none, and keeps it", async () => {
    const first = (await provider.check(urn, undefined, {})).inputs;
    const second = (await provider.check(urn, first, {})).inputs;
    expect((first["metadata"] as Properties)["name"]).to.match(/^settings-[0-9a-f]{8}$/);
    expect(second).to.deep.equal(first);
  });

  it("applies by a field manager of its own, in the provider's namespace", async () => {
    const { id, outputs } = await provider.create(urn, inputs, 0);
    expect(api.requests).to.deep.equal([`PATCH ${path} pulumi-kubernetes-…`]);
    expect(id).to.equal("lab/settings");
    expect(outputs["metadata"]).to.deep.equal({ uid: "uid-0", name: "settings", namespace: "lab" });
  });

  it("says what the API server answered", async () => {
    api.conflict = { path, message: 'conflict with "kubectl": .data.count' };
    const error = await provider.create(urn, inputs, 0).catch((thrown: unknown) => thrown as Error);
    expect(error).not.to.be.instanceOf(InitFailed);
    expect((error as Error).message).to.equal(
      'could not apply ConfigMap lab/settings: conflict with "kubectl": .data.count',
    );
  });

  it("reads the live value of what the inputs speak of", async () => {
    await provider.create(urn, inputs, 0);
    api.objects.set(path, {
      ...inputs,
      data: { count: "2", other: "x" },
      metadata: { name: "settings", namespace: "lab" },
    });
    const found = await provider.read(existing);
    expect(found.inputs?.["data"]).to.deep.equal({ count: "2" });
    expect(found.outputs["data"]).to.deep.equal({ count: "2", other: "x" });
  });

  it("reads of a list's entries, too, only what the inputs speak of", async () => {
    const podUrn = urn.replace("ConfigMap::settings", "Pod::web");
    const spec = { containers: [{ name: "web", image: "a" }] };
    const pod: Properties = { apiVersion: "v1", kind: "Pod", metadata: { name: "web", namespace: "lab" }, spec };
    const live = { containers: [{ name: "web", image: "b", imagePullPolicy: "Always" }] };
    api.objects.set("/api/v1/namespaces/lab/pods/web", { ...pod, spec: live });
    const found = await provider.read({ urn: podUrn, id: "lab/web", inputs: pod, outputs: pod, timeout: 5 });
    expect(found.inputs?.["spec"]).to.deep.equal({ containers: [{ name: "web", image: "b" }] });
  });

  it("finds that an object is gone", async () => {
    expect((await provider.read(existing)).id).to.equal("");
  });

  it("updates by applying again", async () => {
    await provider.create(urn, inputs, 0);
    const outputs = await provider.update(existing, { ...inputs, data: { count: "2" } }, []);
    expect(outputs["data"]).to.deep.equal({ count: "2" });
  });

  it("waits until a deleted object is gone", async () => {
    await provider.create(urn, inputs, 0);
    api.lingering = { path, reads: 2 };
    await provider.delete(existing);
    expect(api.objects.has(path)).to.equal(false);
  });

  it("takes the deletion of what is not there for done", async () => {
    await provider.delete(existing);
    expect(api.requests).to.deep.equal([`DELETE ${path}`]);
  });

  it("says what holds an object that does not go", async () => {
    await provider.create(urn, inputs, 0);
    api.lingering = { path, reads: Infinity };
    const error = await provider.delete({ ...existing, timeout: 0.2 }).catch((thrown: unknown) => thrown as Error);
    expect((error as Error).message).to.contain("lab/settings is still there");
  });

  it("replaces for a new name, and updates for new data", async () => {
    const request = { urn, id: "lab/settings", oldInputs: inputs, oldOutputs: inputs, ignoreChanges: [] };
    const renamed = await provider.diff({ ...request, newInputs: { ...inputs, metadata: { name: "other" } } });
    const changed = await provider.diff({ ...request, newInputs: { ...inputs, data: { count: "2" } } });
    expect([renamed.replaces, changed.replaces]).to.deep.equal([["metadata"], []]);
    expect(changed.detailedDiff).to.deep.equal({ "data.count": { diffKind: "update", inputDiff: true } });
  });

  it("replaces a pod for other resources, and updates it for another image", async () => {
    const pod = (image: string, vfs: string): Properties => ({
      ...{ apiVersion: "v1", kind: "Pod", metadata: { name: "web" } },
      spec: { containers: [{ image, resources: { requests: { "openshift.io/storage": vfs } } }] },
    });
    const request = { urn, id: "lab/web", oldInputs: pod("a", "1"), oldOutputs: pod("a", "1"), ignoreChanges: [] };
    const more = await provider.diff({ ...request, newInputs: pod("a", "2") });
    const other = await provider.diff({ ...request, newInputs: pod("b", "1") });
    expect([more.replaces, other.replaces]).to.deep.equal([["spec"], []]);
  });

  it("names a context that the kubeconfig does not have", async () => {
    const error = await startKubernetesProvider({ kubeconfig: api.kubeconfig, context: "prod" }, noRow).catch(
      (thrown: unknown) => thrown as Error,
    );
    expect((error as Error).message).to.equal("kubernetes provider: the kubeconfig has no context 'prod'");
  });
});
